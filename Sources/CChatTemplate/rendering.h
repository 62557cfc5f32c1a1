// What is known while one template is rendered, on the thread that renders it.
#pragma once

#include <cstddef>
#include <ctime>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine.h"

namespace jinja {

// Where a part of a string comes from: 0 is the template, other numbers are places in the variables.
using source_id = std::size_t;

struct rendering {
    explicit rendering(const std::tm & date) : date(date) {}

    std::tm date;
    // JSON pointers; the first two stand for the template and for an input that isn't told more closely, which is what
    // the engine's own `true` becomes.
    std::vector<std::string> sources = {"", "/"};
    // Values of the variables other than strings, which carry their source themselves.
    std::unordered_map<const value_t *, source_id> places;
    std::size_t depth = 0, steps = 0, bytes = 0;

    static rendering * current();

    // For the life of this value `current()` is the given one.
    struct scope {
        explicit scope(rendering & rendering);
        ~scope();
        scope(const scope &) = delete;
    };
};

// Counts text and lists that are made; throws where a template makes too much.
void charge(std::size_t bytes);

// The one place that a value comes from, or 0.
source_id source_of(const value & val);

} // namespace jinja
