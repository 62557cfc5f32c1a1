#include "CLineEditor.h"

#include <dlfcn.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// libedit's readline interface, found when the program runs: it is a part of macOS and of nearly every Linux, but its
// headers are not, and a conversation can do without it.
static struct {
    bool is_sought;
    void (*install)(const char *prompt, void (*handler)(char *));
    void (*read_character)(void);
    void (*remove)(void);
    int (*remember)(const char *line);
} editor;

static bool has_editor(void) { return editor.install && editor.read_character && editor.remove && editor.remember; }

static void find_editor(void) {
    if (editor.is_sought) return;
    editor.is_sought = true;
    const char *names[] = {"libedit.so.2", "libedit.so.0", "libedit.3.dylib", "/usr/lib/libedit.3.dylib"};
    void *library = NULL;
    for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    *(void **)&editor.install = dlsym(library, "rl_callback_handler_install");
    *(void **)&editor.read_character = dlsym(library, "rl_callback_read_char");
    *(void **)&editor.remove = dlsym(library, "rl_callback_handler_remove");
    *(void **)&editor.remember = dlsym(library, "add_history");
    // Widths and the bytes of a character go by the locale.
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0 && !setlocale(LC_CTYPE, "C.UTF-8")) setlocale(LC_CTYPE, "UTF-8");
}

/// Waits until there is something to read, or until the program is interrupted.
static bool wait_for_input(bool (*is_interrupted)(void)) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    while (!is_interrupted()) {
        if (poll(&input, 1, 100) > 0) return true;
    }
    return false;
}

static const char *last_line = "";

const char *agd_last_line(void) { return last_line; }

static enum agd_line checked(const char *bytes, size_t count) {
    return count > AGD_LINE_LIMIT || memchr(bytes, 0, count) ? agd_line_unusable : agd_line_text;
}

// MARK: With libedit

static char *typed;
static bool is_done;

static void take(char *line) {
    typed = line;
    is_done = true;
    editor.remove();
}

static enum agd_line edit(const char *prompt, bool (*is_interrupted)(void)) {
    free(typed);
    typed = NULL;
    is_done = false;
    editor.install(prompt, take);
    while (!is_done) {
        if (!wait_for_input(is_interrupted)) {
            editor.remove();
            return agd_line_interrupted;
        }
        editor.read_character();
    }
    if (!typed) return agd_line_end;
    last_line = typed;
    return checked(typed, strlen(typed));
}

// MARK: Without

static struct {
    char *bytes;
    size_t start, end, capacity;
    bool is_at_end;
} input;

/// Makes room and reads what is there; false where memory is short.
static bool read_more(void) {
    if (input.start > 0) {
        memmove(input.bytes, input.bytes + input.start, input.end - input.start);
        input.end -= input.start;
        input.start = 0;
    }
    if (input.capacity - input.end < 4096) {
        size_t capacity = input.capacity ? 2 * input.capacity : 8192;
        char *bytes = realloc(input.bytes, capacity);
        if (!bytes) return false;
        input.bytes = bytes;
        input.capacity = capacity;
    }
    // One byte stays free for the zero at the end.
    ssize_t count = read(STDIN_FILENO, input.bytes + input.end, input.capacity - input.end - 1);
    if (count > 0) input.end += (size_t)count;
    else input.is_at_end = true;
    return true;
}

static enum agd_line read_plainly(bool (*is_interrupted)(void)) {
    size_t searched = input.start;
    for (;;) {
        char *end = input.bytes ? memchr(input.bytes + searched, '\n', input.end - searched) : NULL;
        if (!end && input.is_at_end && input.end > input.start) end = input.bytes + input.end;
        if (end) {
            char *line = input.bytes + input.start;
            size_t count = (size_t)(end - line);
            input.start = (size_t)(end - input.bytes) + (end < input.bytes + input.end);
            *end = 0;
            last_line = line;
            return checked(line, count);
        }
        if (input.is_at_end) return agd_line_end;
        size_t pending = input.end - input.start;
        if (pending > AGD_LINE_LIMIT) return agd_line_unusable;
        if (!wait_for_input(is_interrupted)) {
            input.start = input.end;
            return agd_line_interrupted;
        }
        if (!read_more()) return agd_line_unusable;
        searched = pending;
    }
}

enum agd_line agd_read_line(const char *prompt, bool (*is_interrupted)(void)) {
    bool is_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    const char *kind = getenv("TERM");
    if (is_terminal && kind && strcmp(kind, "dumb") != 0) find_editor();
    if (has_editor()) return edit(prompt, is_interrupted);
    if (is_terminal) {
        fputs(prompt, stdout);
        fflush(stdout);
    }
    return read_plainly(is_interrupted);
}

void agd_remember_line(const char *text) {
    if (has_editor()) editor.remember(text);
}
