#include "rendering.h"

#include <stdexcept>

namespace jinja {

namespace {

// Python allows about as many calls within each other; a template of ours uses tens.
constexpr std::size_t depth_limit = 1000;
// A thousand messages take some hundred thousand; these take seconds at most.
constexpr std::size_t step_limit = 2'000'000;
// Nested blocks copy their text, so that a prompt is counted several times.
constexpr std::size_t byte_limit = std::size_t(1) << 29;

thread_local rendering * active = nullptr;

} // namespace

rendering * rendering::current() { return active; }

rendering::scope::scope(rendering & rendering) { active = &rendering; }
rendering::scope::~scope() { active = nullptr; }

evaluation_guard::evaluation_guard(std::size_t steps) {
    if (!active) return;
    if (active->depth >= depth_limit) throw std::runtime_error("the template calls itself too deeply");
    if ((active->steps += steps) > step_limit) throw std::runtime_error("the template doesn't come to an end");
    ++active->depth;
}

evaluation_guard::~evaluation_guard() {
    if (active) --active->depth;
}

void charge(std::size_t bytes) {
    if (!active) return;
    if (bytes > byte_limit || (active->bytes += bytes) > byte_limit) {
        throw std::runtime_error("the template makes more text than any prompt holds");
    }
}

source_id source_of(const value & val) {
    if (is_val<value_string>(val)) {
        const auto & parts = val->val_str.parts;
        if (parts.empty()) return 0;
        for (const auto & part : parts) {
            if (part.is_input != parts.front().is_input) return 0;
        }
        return parts.front().is_input;
    }
    if (!active) return 0;
    const auto place = active->places.find(val.get());
    return place == active->places.end() ? 0 : place->second;
}

} // namespace jinja
