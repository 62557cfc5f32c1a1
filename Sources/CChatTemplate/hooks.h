// What Tools/jinja/patch.py lets the engine ask of us: the places where it knows less than is needed here, which is
// where text comes from, what Python does with it, and how much work a file may cause.
#pragma once

#if !__has_include("jinja/lexer.h")
#error "llama.cpp is missing: set PKG_CONFIG_PATH to the folder that Tools/dependencies.sh of this package prints ('make' does so by itself)"
#endif

#include <cstddef>
#include <memory>
#include <string>

namespace jinja {

struct value_t;
using value = std::shared_ptr<value_t>;
struct string;

// Held while a node of the template is evaluated, or an item of a loop is prepared. Throws where evaluation is too deep or takes too long.
struct evaluation_guard {
    explicit evaluation_guard(std::size_t steps = 1);
    ~evaluation_guard();
    evaluation_guard(const evaluation_guard &) = delete;
};

// Appends a value as Jinja2 prints it.
void print_value(const value & val, string & out);

// A value as text, as Jinja2 prints it.
value printed(const value & val);

// `left op right` for text and text-like operands; null where the engine's own rules apply.
value evaluate_text_operator(const std::string & op, const value & left, const value & right);

// Whether Python's type has that method; the engine's tables hold filters as well, which are no members of a value.
bool has_method(const value & object, const std::string & name);

// Throws as Jinja2 does where a member of an undefined value is asked for.
void require_defined(const value & object);

} // namespace jinja
