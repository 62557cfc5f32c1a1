// What llama.cpp's test-llama-archs needs of llama.cpp's "common" library to write its models, so that the rest of that
// library need not be built.
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "common.h"
#include "log.h"

void common_init() {}
void common_log_add(struct common_log *, enum ggml_log_level, const char * format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
}
struct common_log * common_log_main() { return nullptr; }
void common_log_flush(struct common_log *) {}
int common_log_get_verbosity(enum ggml_log_level level) { return level; }
int common_log_get_verbosity_thold() { return 1; }
void common_log_set_verbosity_thold(int) {}
// For its other modes, which are not used.
common_batch::common_batch(llama_context *) { abort(); }
int32_t common_batch::add(llama_token, llama_pos, llama_seq_id, bool) { abort(); }
void common_batch::clear() { abort(); }
llama_batch_ext * common_batch::get_sub_batch(int32_t, int32_t) { abort(); }
