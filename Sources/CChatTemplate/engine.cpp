// llama.cpp's Jinja engine, compiled as it lies in .deps/jinja (see Tools/dependencies.sh).
#define NDEBUG
#if defined(__clang__)
#pragma clang diagnostic ignored "-Weverything"
#endif

#include "hooks.h"

#include "jinja/lexer.cpp"
#undef FILENAME
#include "jinja/parser.cpp"
#undef FILENAME
#include "jinja/runtime.cpp"
#undef FILENAME
#include "jinja/string.cpp"
#undef FILENAME
#include "jinja/value.cpp"

#include "unicode.cpp"
