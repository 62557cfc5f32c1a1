#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// A chat template in Jinja, run by llama.cpp's engine (common/jinja). Nothing here throws or ends the process: what goes
// wrong is told by `error`, which the caller frees with `chat_template_free_text`.

typedef struct ChatTemplateProgram ChatTemplateProgram;
typedef struct ChatTemplateOutput ChatTemplateOutput;

// NULL and an error for text that is no template. Immutable; may be rendered on any number of threads.
ChatTemplateProgram *chat_template_parse(const char *source, size_t length, char **error);
void chat_template_free(ChatTemplateProgram *program);

// `variables`: a JSON object of what the template can name (messages, tools, add_generation_prompt, ...).
// `trusted`: a JSON object likewise, whose strings count as the template's own (bos_token, ...).
// `date`: what strftime_now tells, as year, month, day, hour, minute, second.
ChatTemplateOutput *chat_template_render(
    const ChatTemplateProgram *program, const char *variables, const char *trusted, const int date[6], char **error);
void chat_template_free_output(ChatTemplateOutput *output);

// A stretch of the output that comes from one place.
typedef struct {
    const char *text;
    size_t length;
    // JSON pointer into `variables` (RFC 6901), such as /messages/0/content; NULL for what the template wrote itself.
    const char *source;
} ChatTemplatePart;

size_t chat_template_part_count(const ChatTemplateOutput *output);
ChatTemplatePart chat_template_part(const ChatTemplateOutput *output, size_t index);

void chat_template_free_text(char *text);

#ifdef __cplusplus
}
#endif
