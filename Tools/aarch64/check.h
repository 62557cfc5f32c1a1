// What the checks share.
#pragma once

// Numbers that look random and are the same in every run, from -1 to 1.
float next_number(void);
void fill(float * x, long count);

// One line for a group of cases, of which the largest error must not exceed `limit`; `count` is how many there were.
void report(const char * group, int count, double error, double limit);

void check_products(const char * processor);
void check_lanes(const char * processor);
