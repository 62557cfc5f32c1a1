// llama.cpp's JSON, which the engine reads its variables from.
#if defined(__clang__)
#pragma clang diagnostic ignored "-Weverything"
#endif

#include <json.cpp>
