// Text as Python has it, with the source of every byte kept.
#pragma once

#include <string>
#include <vector>

#include "rendering.h"

namespace jinja {

// Bytes from `begin` to `end`.
string substring(const string & text, std::size_t begin, std::size_t end);

// Characters, as Python's len().
std::size_t character_count(const std::string & text);

// Characters `start` to `stop` in steps, as text[start:stop:step] with the engine's defaults filled in.
string character_slice(const string & text, std::int64_t start, std::int64_t stop, std::int64_t step);

// Without the characters (or white space, where there are none given) at the ends.
string stripped(const string & text, bool left, bool right, const std::string * characters);

// Parts between separators; `limit` divisions at most, from the right where `from_right`; -1 for all.
std::vector<string> split(const string & text, const std::string & separator, std::int64_t limit, bool from_right);

// Parts between runs of white space.
std::vector<string> split_at_space(const string & text, std::int64_t limit);

string replaced(const string & text, const std::string & old, const string & by, std::int64_t limit);

// With &, <, >, ' and " as HTML writes them.
string html_escaped(const string & text);

// As str() and Jinja2's output write a number.
std::string number_text(double number);

// As repr().
string representation(const value & val);

struct json_format {
    int indent = -1;
    std::string item_separator = ", ", key_separator = ": ";
    bool ascii_only = false, sorts_keys = false;
};

// As json.dumps(). What has no JSON throws, undefined values among it.
string json_text(const value & val, const json_format & format);

// What map and its like give in Python, which has neither length nor JSON.
struct value_generator_t : public value_array_t {
    using value_array_t::value_array_t;
    std::string type() const override { return "generator"; }
};
using value_generator = std::shared_ptr<value_generator_t>;

// What `safe` gives: text to which other text is added as HTML writes it.
struct value_markup_t : public value_string_t {
    using value_string_t::value_string_t;
    std::string type() const override { return "Markup"; }
};
using value_markup = std::shared_ptr<value_markup_t>;

} // namespace jinja
