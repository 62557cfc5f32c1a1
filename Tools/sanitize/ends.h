// What the checks share.
#pragma once

// Up to ENDS a kind is one number; beyond, ordinary numbers with ends strewn in.
enum { ENDS = 12, END_KINDS = 26 };
void fill_with_ends(float * x, long count, int kind);
// The same for what is stored in 16 bits or less: scales and codes. `size` is in bytes, and even.
void fill_with_words(void * x, long size, int kind);

// Each computes with the instruction set that is chosen, and returns how many computations there were.
long products_at_ends(void);
long lanes_at_ends(void);
