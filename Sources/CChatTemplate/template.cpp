#include "CChatTemplate.h"

#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "builtins.h"
#include "rendering.h"

struct ChatTemplateProgram {
    jinja::program program;
    std::string source;
};

struct ChatTemplateOutput {
    std::vector<jinja::string_part> parts;
    std::vector<std::string> sources;
};

namespace {

using namespace jinja;

// Turns JSON into the engine's values and notes where each comes from.
class variable_reader {
public:
    explicit variable_reader(rendering & rendering) : known(rendering) {}

    void read(context & context, const common_json & variables) {
        for (const auto & [name, content] : variables.items()) context.set_val(name, value_of(content, "/" + escaped(name)));
    }

private:
    rendering & known;

    value value_of(const common_json & json, const std::string & pointer) {
        const source_id source = known.sources.size();
        known.sources.push_back(pointer);
        value result;
        if (json.is_string()) return marked(json.get<std::string>(), source);
        if (json.is_null()) {
            result = mk_val<value_none>();
        } else if (json.is_boolean()) {
            result = mk_val<value_bool>(json.get<bool>());
        } else if (json.is_number_integer()) {
            result = mk_val<value_int>(json.get<std::int64_t>());
        } else if (json.is_number()) {
            result = mk_val<value_float>(json.get<double>());
        } else if (json.is_array()) {
            auto array = mk_val<value_array>();
            for (std::size_t index = 0; index < json.size(); ++index) {
                array->push_back(value_of(json.at(index), pointer + "/" + std::to_string(index)));
            }
            result = array;
        } else {
            auto object = mk_val<value_object>();
            for (const auto & [key, content] : json.items()) {
                const value name = marked(key, source);
                static_cast<value_t &>(*object).insert(name, member(key, content, pointer + "/" + escaped(key)));
            }
            result = object;
        }
        known.places.emplace(result.get(), source);
        return result;
    }

    // The usual roles are names of the template's own, and it may make a control token of one, as in '<|' + role + '|>'.
    value member(const std::string & key, const common_json & content, const std::string & pointer) {
        static const char * const roles[] = {"system", "developer", "user", "assistant", "tool", "function", "ipython", "model"};
        if (key == "role" && content.is_string()) {
            for (const char * role : roles) {
                if (content.get<std::string>() == role) return mk_val<value_string>(std::string(role));
            }
        }
        return value_of(content, pointer);
    }

    static value marked(const std::string & text, source_id source) {
        jinja::string result(text);
        result.parts.front().is_input = source;
        return mk_val<value_string>(result);
    }

    static std::string escaped(const std::string & name) {
        std::string result;
        for (const char byte : name) {
            if (byte == '~') result += "~0";
            else if (byte == '/') result += "~1";
            else result += byte;
        }
        return result;
    }
};

char * copy_of(const char * text) {
    const auto length = std::strlen(text) + 1;
    auto copy = static_cast<char *>(std::malloc(length));
    if (copy) std::memcpy(copy, text, length);
    return copy;
}

// Runs `body`; what it throws becomes `*error`, and the result null.
template <typename Body>
auto reporting(char ** error, Body body) -> decltype(body()) {
    try {
        return body();
    } catch (const std::exception & problem) {
        *error = copy_of(problem.what());
    } catch (...) {
        *error = copy_of("an unknown error");
    }
    return nullptr;
}

} // namespace

ChatTemplateProgram * chat_template_parse(const char * source, size_t length, char ** error) {
    return reporting(error, [&]() -> ChatTemplateProgram * {
        install_builtins();
        const std::string text(source, length);
        const auto tokens = lexer().tokenize(text);
        return new ChatTemplateProgram{parse_from_tokens(tokens), text};
    });
}

void chat_template_free(ChatTemplateProgram * program) { delete program; }

ChatTemplateOutput * chat_template_render(
    const ChatTemplateProgram * program, const char * variables, const char * trusted, const int date[6], char ** error) {
    return reporting(error, [&]() -> ChatTemplateOutput * {
        std::tm time = {};
        time.tm_year = date[0] - 1900;
        time.tm_mon = date[1] - 1;
        time.tm_mday = date[2];
        time.tm_hour = date[3];
        time.tm_min = date[4];
        time.tm_sec = date[5];
        // Fills in the day of the week.
        time.tm_isdst = -1;
        std::mktime(&time);
        rendering rendering(time);
        const rendering::scope scope(rendering);
        context context(program->source);
        global_from_json(context, common_json::parse(trusted), false);
        variable_reader(rendering).read(context, common_json::parse(variables));
        const auto text = runtime::gather_string_parts(runtime(context).execute(program->program));
        return new ChatTemplateOutput{text->val_str.parts, rendering.sources};
    });
}

void chat_template_free_output(ChatTemplateOutput * output) { delete output; }

size_t chat_template_part_count(const ChatTemplateOutput * output) { return output->parts.size(); }

ChatTemplatePart chat_template_part(const ChatTemplateOutput * output, size_t index) {
    const auto & part = output->parts[index];
    return {part.val.data(), part.val.size(), part.is_input == 0 ? nullptr : output->sources[part.is_input].c_str()};
}

void chat_template_free_text(char * text) { std::free(text); }
