#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What came of asking for a line.
enum agd_line {
    /// A line, without its end.
    agd_line_text,
    /// There are no more.
    agd_line_end,
    /// `is_interrupted` said so; what had been typed is gone.
    agd_line_interrupted,
    /// More than `AGD_LINE_LIMIT` bytes, or a zero byte among them.
    agd_line_unusable,
};

/// Bytes of a line at most.
#define AGD_LINE_LIMIT 8388608

/// Reads a line from stdin. On a terminal it is edited, with history, by the system's libedit; where there is none, by the
/// terminal itself.
///
/// - prompt: shown on a terminal; nothing is shown elsewhere.
/// - is_interrupted: asked a few times a second while nothing is typed, and after each signal.
enum agd_line agd_read_line(const char *prompt, bool (*is_interrupted)(void));

/// The line that was read last, as its sender encoded it.
const char *agd_last_line(void);

/// Puts a line at the end of the history that the up arrow shows.
void agd_remember_line(const char *text);

#ifdef __cplusplus
}
#endif
