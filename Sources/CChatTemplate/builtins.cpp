#include "builtins.h"

#include <algorithm>
#include <cctype>
#include <list>
#include <mutex>
#include <set>
#include <stdexcept>

#include "python_text.h"

namespace jinja {

namespace {

const string & text_of(const func_args & args) {
    args.ensure_count(1);
    const value subject = args.get_args()[0];
    if (!is_val<value_string>(subject)) throw std::runtime_error(args.func_name + "() needs text, not " + subject->type());
    return args.get_args()[0]->val_str;
}

// An argument by its place or name; undefined where it isn't given.
value argument(const func_args & args, const char * name, std::size_t position) { return args.get_kwarg_or_pos(name, position); }

std::int64_t integer(const value & val, std::int64_t otherwise) {
    return is_val<value_int>(val) || is_val<value_bool>(val) ? val->as_int() : otherwise;
}

value list_of(const std::vector<string> & texts) {
    auto result = mk_val<value_array>();
    for (const auto & text : texts) result->push_back(mk_val<value_string>(text));
    return result;
}

template <bool left, bool right>
value strip(const func_args & args) {
    const value characters = argument(args, "chars", 1);
    if (!is_val<value_string>(characters)) return mk_val<value_string>(stripped(text_of(args), left, right, nullptr));
    const std::string set = characters->as_string().str();
    return mk_val<value_string>(stripped(text_of(args), left, right, &set));
}

template <bool from_right>
value split_text(const func_args & args) {
    const value separator = argument(args, "sep", 1);
    const auto limit = integer(argument(args, "maxsplit", 2), -1);
    if (!is_val<value_string>(separator)) return list_of(split_at_space(text_of(args), limit));
    const std::string bytes = separator->as_string().str();
    if (bytes.empty()) throw std::runtime_error("empty separator");
    return list_of(split(text_of(args), bytes, limit, from_right));
}

value split_lines(const func_args & args) {
    const bool keeps_ends = argument(args, "keepends", 1)->as_bool();
    const string & text = text_of(args);
    const std::string bytes = text.str();
    std::vector<string> lines;
    for (std::size_t begin = 0; begin < bytes.size();) {
        const auto end = std::min(bytes.find_first_of("\n\r", begin), bytes.size());
        const auto next = end + (bytes.compare(end, 2, "\r\n") == 0 ? 2 : end < bytes.size() ? 1 : 0);
        lines.push_back(substring(text, begin, keeps_ends ? next : end));
        begin = next;
    }
    return list_of(lines);
}

value replace(const func_args & args) {
    args.ensure_count(3, 4);
    string by;
    print_value(args.get_pos(2), by);
    string old;
    print_value(args.get_pos(1), old);
    return mk_val<value_string>(replaced(text_of(args), old.str(), by, integer(argument(args, "count", 3), -1)));
}

value slice_text(const func_args & args) {
    const auto step = integer(args.get_pos(3), 1);
    if (step == 0) throw std::runtime_error("slice step cannot be zero");
    return mk_val<value_string>(character_slice(text_of(args), args.get_pos(1)->as_int(), args.get_pos(2)->as_int(), step));
}

value text_length(const func_args & args) {
    return mk_val<value_int>(static_cast<std::int64_t>(character_count(text_of(args).str())));
}

value indent(const func_args & args) {
    const value width = argument(args, "width", 1);
    const bool first = argument(args, "first", 2)->as_bool(), blank = argument(args, "blank", 3)->as_bool();
    string margin(is_val<value_string>(width) ? width->as_string() : string());
    if (!is_val<value_string>(width)) {
        const auto count = std::max<std::int64_t>(0, integer(width, 4));
        charge(static_cast<std::size_t>(count));
        margin = string(std::string(static_cast<std::size_t>(count), ' '));
    }
    const auto lines = split(text_of(args), "\n", -1, false);
    string result;
    for (std::size_t index = 0; index < lines.size(); ++index) {
        if (index > 0) result.append(string("\n"));
        if (index == 0 ? first : blank || lines[index].length() > 0) {
            charge(margin.length());
            result.append(margin);
        }
        result.append(lines[index]);
    }
    return mk_val<value_string>(result);
}

value safe(const func_args & args) {
    string text;
    print_value(args.get_pos(0), text);
    return mk_val<value_markup>(text);
}

value escape(const func_args & args) {
    string text;
    print_value(args.get_pos(0), text);
    return is_val<value_markup>(args.get_pos(0)) ? args.get_pos(0) : value(mk_val<value_markup>(html_escaped(text)));
}

value default_to(const func_args & args) {
    const value subject = args.get_pos(0), otherwise = argument(args, "default_value", 1);
    const bool is_missing = subject->is_undefined() || (argument(args, "boolean", 2)->as_bool() && !subject->as_bool());
    if (!is_missing) return subject;
    return otherwise->is_undefined() && args.count() < 2 ? value(mk_val<value_string>(std::string())) : otherwise;
}

value to_text(const func_args & args) {
    return printed(args.get_pos(0));
}

value to_json(const func_args & args) {
    json_format format;
    format.ascii_only = argument(args, "ensure_ascii", 1)->as_bool();
    const value indent = argument(args, "indent", 2);
    if (is_val<value_int>(indent)) {
        format.indent = static_cast<int>(std::clamp<std::int64_t>(indent->as_int(), 0, 64));
        format.item_separator = ",";
    }
    const value separators = argument(args, "separators", 3);
    if (is_val<value_array>(separators) && separators->as_array().size() == 2) {
        format.item_separator = separators->as_array()[0]->as_string().str();
        format.key_separator = separators->as_array()[1]->as_string().str();
    }
    format.sorts_keys = argument(args, "sort_keys", 4)->as_bool();
    return mk_val<value_string>(json_text(args.get_pos(0), format));
}

value member(const value & item, const value & name) {
    value missing = mk_val<value_undefined>();
    if (is_val<value_object>(item)) return item->at(name, missing);
    if (is_val<value_array>(item) && is_val<value_int>(name)) return item->at(name->as_int(), missing);
    return missing;
}

value join(const func_args & args) {
    const value subject = args.get_pos(0), separator = argument(args, "d", 1), attribute = argument(args, "attribute", 2);
    string between, result;
    if (!separator->is_undefined()) print_value(separator, between);
    bool follows = false;
    for (const auto & item : subject->as_array()) {
        if (follows) {
            charge(between.length());
            result.append(between);
        }
        print_value(attribute->is_undefined() ? item : member(item, attribute), result);
        follows = true;
    }
    return mk_val<value_string>(result);
}

value array_length(const func_args & args) {
    if (is_val<value_generator>(args.get_pos(0))) throw std::runtime_error("a generator has no length");
    return mk_val<value_int>(static_cast<std::int64_t>(args.get_pos(0)->as_array().size()));
}

// Whether the first value comes before the second, by what `attribute` names in them.
bool precedes(const value & first, const value & second, const value & attribute, bool case_sensitive) {
    value a = attribute->is_undefined() ? first : member(first, attribute);
    value b = attribute->is_undefined() ? second : member(second, attribute);
    if (!case_sensitive && is_val<value_string>(a) && is_val<value_string>(b)) {
        a = mk_val<value_string>(a->as_string().lowercase());
        b = mk_val<value_string>(b->as_string().lowercase());
    }
    return value_compare(a, b, value_compare_op::lt);
}

value sort(const func_args & args) {
    const bool reverse = argument(args, "reverse", 1)->as_bool(), case_sensitive = argument(args, "case_sensitive", 2)->as_bool();
    const value attribute = argument(args, "attribute", 3);
    const auto & values = args.get_pos(0)->as_array();
    // A list's sort keeps the order of equals, and stays within bounds whatever the comparison says.
    std::list<value> sorted(values.begin(), values.end());
    sorted.sort([&](const value & left, const value & right) {
        return reverse ? precedes(right, left, attribute, case_sensitive) : precedes(left, right, attribute, case_sensitive);
    });
    return mk_val<value_array>(std::vector<value>(sorted.begin(), sorted.end()));
}

value dictionary_sort(const func_args & args) {
    const bool case_sensitive = argument(args, "case_sensitive", 1)->as_bool(), reverse = argument(args, "reverse", 3)->as_bool();
    const value by = argument(args, "by", 2);
    const bool by_value = is_val<value_string>(by) && by->as_string().str() == "value";
    const auto & members = args.get_pos(0)->as_ordered_object();
    const value whole = mk_val<value_undefined>();
    std::list<std::pair<value, value>> sorted(members.begin(), members.end());
    sorted.sort([&](const auto & left, const auto & right) {
        const value & a = by_value ? left.second : left.first, & b = by_value ? right.second : right.first;
        return reverse ? precedes(b, a, whole, case_sensitive) : precedes(a, b, whole, case_sensitive);
    });
    auto result = mk_val<value_array>();
    for (const auto & pair : sorted) result->push_back(mk_val<value_tuple>(pair));
    return result;
}

value is_divisible(const func_args & args) {
    const auto divisor = integer(args.get_pos(1), 0);
    if (divisor == 0) throw std::runtime_error("division by zero");
    return mk_val<value_bool>(divisor == -1 || integer(args.get_pos(0), 0) % divisor == 0);
}

value range(const func_args & args) {
    // The bound of Jinja2's sandbox.
    constexpr std::int64_t longest = 100'000, furthest = std::int64_t(1) << 53;
    const auto number = [&](std::size_t index, std::int64_t otherwise) {
        const auto result = args.count() > index ? integer(args.get_pos(index), otherwise) : otherwise;
        if (result < -furthest || result > furthest) throw std::runtime_error("range: a number is too large");
        return result;
    };
    args.ensure_count(1, 3);
    const auto start = args.count() > 1 ? number(0, 0) : 0, stop = args.count() > 1 ? number(1, 0) : number(0, 0), step = number(2, 1);
    if (step == 0) throw std::runtime_error("range: the step is zero");
    if ((stop - start) / step > longest) throw std::runtime_error("range: the longest is 100000");
    auto result = mk_val<value_array>();
    for (auto item = start; step > 0 ? item < stop : item > stop; item += step) {
        charge(sizeof(value_int_t));
        result->push_back(mk_val<value_int>(item));
    }
    return result;
}

value now(const func_args & args) {
    const std::string format = text_of(args).str();
    const auto rendering = rendering::current();
    if (!rendering) throw std::runtime_error("there is no date");
    char buffer[256];
    // Zero for an empty text as well as for one that doesn't fit.
    const auto length = std::strftime(buffer, sizeof(buffer), (format + " ").c_str(), &rendering->date);
    if (length == 0) throw std::runtime_error("strftime_now: the format is too long");
    return mk_val<value_string>(std::string(buffer, length - 1));
}

// The engine's tables are its own, made on first use and shared; Tools/jinja/patch.py leaves them changeable.
func_builtins & table(const func_builtins & builtins) { return const_cast<func_builtins &>(builtins); }

// Python gives a generator where the engine gives a list.
func_handler generating(const func_handler & original) {
    return [original](const func_args & args) -> value {
        const value list = original(args);
        return is_val<value_array>(list) ? value(mk_val<value_generator>(list->as_array())) : list;
    };
}

void replace_text_builtins(func_builtins & builtins) {
    builtins["strip"] = strip<true, true>;
    builtins["lstrip"] = strip<true, false>;
    builtins["rstrip"] = strip<false, true>;
    builtins["split"] = split_text<false>;
    builtins["rsplit"] = split_text<true>;
    builtins["splitlines"] = split_lines;
    builtins["replace"] = replace;
    builtins["slice"] = slice_text;
    builtins["length"] = text_length;
    builtins["indent"] = indent;
}

void replace_array_builtins(func_builtins & builtins) {
    builtins["join"] = join;
    builtins["length"] = array_length;
    builtins["sort"] = sort;
    for (const char * name : {"map", "select", "selectattr", "reject", "rejectattr"}) builtins[name] = generating(builtins.at(name));
    // Jinja2's sandbox lets nothing change a list.
    builtins.erase("append");
    builtins.erase("pop");
}

void replace_builtins() {
    const value samples[] = {
        mk_val<value_int>(0), mk_val<value_float>(0.0), mk_val<value_bool>(false), mk_val<value_none>(),
        mk_val<value_string>(std::string()), mk_val<value_array>(), mk_val<value_object>()};
    for (const auto & sample : samples) {
        auto & builtins = table(sample->get_builtins());
        builtins["default"] = default_to;
        builtins["tojson"] = to_json;
        builtins["string"] = to_text;
        builtins["safe"] = safe;
        builtins["escape"] = escape;
    }
    replace_text_builtins(table(mk_val<value_string>(std::string())->get_builtins()));
    replace_array_builtins(table(mk_val<value_array>()->get_builtins()));
    table(mk_val<value_undefined>()->get_builtins())["default"] = default_to;
    table(mk_val<value_object>()->get_builtins())["dictsort"] = dictionary_sort;

    auto & globals = table(global_builtins());
    globals.erase("tojson");
    globals["strftime_now"] = now;
    globals["range"] = range;
    globals["test_is_divisibleby"] = is_divisible;
}

} // namespace

bool has_method(const value & object, const std::string & name) {
    static const std::set<std::string> of_dictionaries = {"get", "items", "keys", "values"};
    static const std::set<std::string> of_texts = {
        "capitalize", "endswith", "format", "join", "lower", "lstrip", "replace", "rsplit", "rstrip", "split", "splitlines",
        "startswith", "strip", "title", "upper"};
    if (is_val<value_object>(object)) return of_dictionaries.count(name) > 0;
    return is_val<value_string>(object) && of_texts.count(name) > 0;
}

void install_builtins() {
    static std::once_flag once;
    std::call_once(once, replace_builtins);
}

} // namespace jinja
