#include "python_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <string_view>

namespace jinja {

namespace {

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

std::size_t character_end(std::string_view text, std::size_t start) {
    std::size_t end = start + 1;
    while (end < text.size() && is_continuation(text[end])) ++end;
    return end;
}

// What str.isspace() holds for, in UTF-8.
bool is_space(std::string_view character) {
    if (character.size() == 1) {
        const auto byte = static_cast<unsigned char>(character[0]);
        return byte == ' ' || (byte >= 0x09 && byte <= 0x0D) || (byte >= 0x1C && byte <= 0x1F);
    }
    static const std::string_view others[] = {
        "\u0085", "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007",
        "\u2008", "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"};
    return std::find(std::begin(others), std::end(others), character) != std::end(others);
}

void append(string & text, source_id source, std::string_view more) {
    if (more.empty()) return;
    charge(more.size());
    if (!text.parts.empty() && text.parts.back().is_input == source) {
        text.parts.back().val += more;
    } else {
        text.parts.push_back({source, std::string(more)});
    }
}

} // namespace

string substring(const string & text, std::size_t begin, std::size_t end) {
    string result;
    std::size_t position = 0;
    for (const auto & part : text.parts) {
        const auto from = std::max(begin, position), to = std::min(end, position + part.val.size());
        if (from < to) append(result, part.is_input, std::string_view(part.val).substr(from - position, to - from));
        position += part.val.size();
    }
    return result;
}

std::size_t character_count(const std::string & text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) { return !is_continuation(byte); }));
}

string character_slice(const string & text, std::int64_t start, std::int64_t stop, std::int64_t step) {
    const std::string bytes = text.str();
    std::vector<std::size_t> starts;
    for (std::size_t index = 0; index < bytes.size(); index = character_end(bytes, index)) starts.push_back(index);
    const auto count = static_cast<std::int64_t>(starts.size());
    starts.push_back(bytes.size());
    const auto clamped = [&](std::int64_t index, std::int64_t lowest, std::int64_t highest) {
        return std::clamp(index < 0 ? index + count : index, lowest, highest);
    };
    string result;
    if (step > 0) {
        const auto first = clamped(start, 0, count), end = clamped(stop, 0, count);
        if (step == 1) return first < end ? substring(text, starts[first], starts[end]) : result;
        for (auto index = first; index < end; index += step) result.append(substring(text, starts[index], starts[index + 1]));
    } else {
        // The engine writes -1 for "to the beginning".
        const auto first = clamped(start, -1, count - 1), end = stop == -1 ? -1 : clamped(stop, -1, count - 1);
        for (auto index = first; index > end; index += step) result.append(substring(text, starts[index], starts[index + 1]));
    }
    return result;
}

string stripped(const string & text, bool left, bool right, const std::string * characters) {
    const std::string bytes = text.str();
    const auto goes = [&](std::string_view character) {
        return characters ? characters->find(character) != std::string::npos : is_space(character);
    };
    std::size_t begin = 0, end = bytes.size();
    while (left && begin < end) {
        const auto next = character_end(bytes, begin);
        if (!goes(std::string_view(bytes).substr(begin, next - begin))) break;
        begin = next;
    }
    while (right && end > begin) {
        auto start = end - 1;
        while (start > begin && is_continuation(bytes[start])) --start;
        if (!goes(std::string_view(bytes).substr(start, end - start))) break;
        end = start;
    }
    return substring(text, begin, end);
}

std::vector<string> split(const string & text, const std::string & separator, std::int64_t limit, bool from_right) {
    const std::string bytes = text.str();
    std::vector<string> result;
    if (from_right) {
        std::size_t end = bytes.size();
        while (limit != 0 && end >= separator.size()) {
            const auto found = bytes.rfind(separator, end - separator.size());
            if (found == std::string::npos) break;
            result.push_back(substring(text, found + separator.size(), end));
            end = found;
            --limit;
        }
        result.push_back(substring(text, 0, end));
        std::reverse(result.begin(), result.end());
        return result;
    }
    std::size_t begin = 0;
    while (limit != 0) {
        const auto found = bytes.find(separator, begin);
        if (found == std::string::npos) break;
        result.push_back(substring(text, begin, found));
        begin = found + separator.size();
        --limit;
    }
    result.push_back(substring(text, begin, bytes.size()));
    return result;
}

std::vector<string> split_at_space(const string & text, std::int64_t limit) {
    std::vector<string> result;
    string rest = stripped(text, true, false, nullptr);
    while (rest.length() > 0) {
        const std::string bytes = rest.str();
        std::size_t end = limit == 0 ? bytes.size() : 0;
        while (end < bytes.size()) {
            const auto next = character_end(bytes, end);
            if (is_space(std::string_view(bytes).substr(end, next - end))) break;
            end = next;
        }
        const string word = substring(rest, 0, end);
        result.push_back(end == bytes.size() ? stripped(word, false, true, nullptr) : word);
        rest = stripped(substring(rest, end, bytes.size()), true, false, nullptr);
        --limit;
    }
    return result;
}

string replaced(const string & text, const std::string & old, const string & by, std::int64_t limit) {
    string result;
    std::vector<string> pieces;
    if (old.empty()) {
        const std::string bytes = text.str();
        pieces.push_back({});
        std::size_t begin = 0;
        while (begin < bytes.size() && (limit < 0 || static_cast<std::int64_t>(pieces.size()) < limit)) {
            const auto end = character_end(bytes, begin);
            pieces.push_back(substring(text, begin, end));
            begin = end;
        }
        pieces.push_back(substring(text, begin, bytes.size()));
        if (limit == 0) return text;
    } else {
        pieces = split(text, old, limit, false);
    }
    for (std::size_t index = 0; index < pieces.size(); ++index) {
        if (index > 0) {
            charge(by.length());
            result.append(by);
        }
        result.append(pieces[index]);
    }
    return result;
}

std::string number_text(double number) {
    if (std::isnan(number)) return "nan";
    if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
    char buffer[64];
    const auto written = std::to_chars(buffer, buffer + sizeof(buffer), number, std::chars_format::scientific);
    std::string digits(buffer, written.ptr);
    const auto mark = digits.find('e');
    const int exponent = std::stoi(digits.substr(mark + 1));
    if (exponent < -4 || exponent >= 16) return digits;
    std::string sign;
    if (digits[0] == '-') sign = "-";
    std::string significant = digits.substr(sign.size(), mark - sign.size());
    significant.erase(std::remove(significant.begin(), significant.end(), '.'), significant.end());
    if (exponent < 0) return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + significant;
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (significant.size() <= whole) return sign + significant + std::string(whole - significant.size(), '0') + ".0";
    return sign + significant.substr(0, whole) + "." + significant.substr(whole);
}

namespace {

std::string hexadecimal(const char * prefix, unsigned value, std::size_t digits) {
    char buffer[16];
    const auto written = std::to_chars(buffer, buffer + sizeof(buffer), value, 16);
    const std::string text(buffer, written.ptr);
    return prefix + std::string(digits - std::min(digits, text.size()), '0') + text;
}

// A string with its characters escaped, each with its source.
template <typename Escape>
void append_escaped(string & out, const string & text, Escape escape) {
    for (const auto & part : text.parts) {
        std::string escaped;
        for (std::size_t index = 0; index < part.val.size();) {
            const auto end = character_end(part.val, index);
            escaped += escape(std::string_view(part.val).substr(index, end - index));
            index = end;
        }
        append(out, part.is_input, escaped);
    }
}

// `outer`: the source of the list or dictionary around it, to which a string's quotes belong.
void append_representation(string & out, const value & val, source_id outer);

void append_items(string & out, const value & val, std::string_view open, std::string_view close) {
    const auto source = source_of(val);
    append(out, source, open);
    bool follows = false;
    for (const auto & item : val->as_array()) {
        if (follows) append(out, source, ", ");
        append_representation(out, item, source);
        follows = true;
    }
    append(out, source, close);
}

void append_representation(string & out, const value & val, source_id outer) {
    const auto source = source_of(val);
    if (is_val<value_string>(val)) {
        const std::string bytes = val->val_str.str();
        const char quote = bytes.find('\'') != std::string::npos && bytes.find('"') == std::string::npos ? '"' : '\'';
        append(out, outer, {&quote, 1});
        append_escaped(out, val->val_str, [quote](std::string_view character) -> std::string {
            const auto byte = static_cast<unsigned char>(character[0]);
            switch (byte) {
                case '\\': return "\\\\";
                case '\n': return "\\n";
                case '\r': return "\\r";
                case '\t': return "\\t";
                default: break;
            }
            if (byte == static_cast<unsigned char>(quote)) return std::string("\\") + quote;
            return byte < 0x20 || byte == 0x7F ? hexadecimal("\\x", byte, 2) : std::string(character);
        });
        append(out, outer, {&quote, 1});
    } else if (is_val<value_tuple>(val)) {
        append_items(out, val, "(", val->as_array().size() == 1 ? ",)" : ")");
    } else if (is_val<value_array>(val)) {
        append_items(out, val, "[", "]");
    } else if (is_val<value_object>(val)) {
        append(out, source, "{");
        bool follows = false;
        for (const auto & member : val->as_ordered_object()) {
            if (follows) append(out, source, ", ");
            append_representation(out, member.first, source);
            append(out, source, ": ");
            append_representation(out, member.second, source);
            follows = true;
        }
        append(out, source, "}");
    } else if (is_val<value_undefined>(val)) {
        append(out, source, "Undefined");
    } else {
        print_value(val, out);
    }
}

struct json_writer {
    string & out;
    const json_format & format;

    void line(source_id source, int level) {
        if (format.indent < 0) return;
        append(out, source, "\n" + std::string(static_cast<std::size_t>(format.indent) * static_cast<std::size_t>(level), ' '));
    }

    void write_string(const string & text, source_id source) {
        append(out, source, "\"");
        append_escaped(out, text, [this](std::string_view character) -> std::string {
            const auto byte = static_cast<unsigned char>(character[0]);
            switch (byte) {
                case '"': return "\\\"";
                case '\\': return "\\\\";
                case '\n': return "\\n";
                case '\r': return "\\r";
                case '\t': return "\\t";
                case '\b': return "\\b";
                case '\f': return "\\f";
                default: break;
            }
            if (byte < 0x20) return hexadecimal("\\u", byte, 4);
            return byte < 0x80 || !format.ascii_only ? std::string(character) : escaped_unicode(character);
        });
        append(out, source, "\"");
    }

    static std::string escaped_unicode(std::string_view character) {
        static const unsigned char masks[] = {0x7F, 0x1F, 0x0F, 0x07};
        unsigned scalar = static_cast<unsigned char>(character[0]) & masks[std::min<std::size_t>(character.size(), 4) - 1];
        for (std::size_t index = 1; index < character.size(); ++index) {
            scalar = scalar << 6 | (static_cast<unsigned char>(character[index]) & 0x3F);
        }
        if (scalar < 0x10000) return hexadecimal("\\u", scalar, 4);
        return hexadecimal("\\u", 0xD800 + ((scalar - 0x10000) >> 10), 4)
            + hexadecimal("\\u", 0xDC00 + ((scalar - 0x10000) & 0x3FF), 4);
    }

    // `outer`: the source of the list or object around it, to which a string's quotes belong.
    void write(const value & val, int level, source_id outer) {
        const auto source = source_of(val);
        if (is_val<value_string>(val)) {
            write_string(val->val_str, outer);
        } else if (is_val<value_none>(val)) {
            append(out, source, "null");
        } else if (is_val<value_bool>(val)) {
            append(out, source, val->as_bool() ? "true" : "false");
        } else if (is_val<value_int>(val)) {
            append(out, source, std::to_string(val->as_int()));
        } else if (is_val<value_float>(val)) {
            append(out, source, number_text(val->as_float()));
        } else if (is_val<value_array>(val) && !is_val<value_generator>(val)) {
            write_array(val, source, level);
        } else if (is_val<value_object>(val)) {
            write_object(val, source, level);
        } else {
            throw std::runtime_error(val->type() + " has no JSON");
        }
    }

    void write_array(const value & val, source_id source, int level) {
        append(out, source, "[");
        bool follows = false;
        for (const auto & item : val->as_array()) {
            if (follows) append(out, source, format.item_separator);
            line(source, level + 1);
            write(item, level + 1, source);
            follows = true;
        }
        if (follows) line(source, level);
        append(out, source, "]");
    }

    void write_object(const value & val, source_id source, int level) {
        auto members = val->as_ordered_object();
        if (format.sorts_keys) {
            std::sort(members.begin(), members.end(), [](const auto & left, const auto & right) {
                return left.first->as_string().str() < right.first->as_string().str();
            });
        }
        append(out, source, "{");
        bool follows = false;
        for (const auto & member : members) {
            if (follows) append(out, source, format.item_separator);
            line(source, level + 1);
            write_string(member.first->as_string(), source);
            append(out, source, format.key_separator);
            write(member.second, level + 1, source);
            follows = true;
        }
        if (follows) line(source, level);
        append(out, source, "}");
    }
};

} // namespace

string html_escaped(const string & text) {
    string result;
    append_escaped(result, text, [](std::string_view character) -> std::string {
        switch (character[0]) {
            case '&': return "&amp;";
            case '<': return "&lt;";
            case '>': return "&gt;";
            case '\'': return "&#39;";
            case '"': return "&#34;";
            default: return std::string(character);
        }
    });
    return result;
}

string representation(const value & val) {
    string result;
    append_representation(result, val, 0);
    return result;
}

string json_text(const value & val, const json_format & format) {
    string result;
    json_writer{result, format}.write(val, 0, 0);
    return result;
}

value printed(const value & val) {
    string text;
    print_value(val, text);
    return mk_val<value_string>(text);
}

void print_value(const value & val, string & out) {
    const auto source = source_of(val);
    if (is_val<value_string>(val)) {
        charge(val->val_str.length());
        out.append(val->val_str);
    } else if (is_val<value_none>(val)) {
        append(out, source, "None");
    } else if (is_val<value_bool>(val)) {
        append(out, source, val->as_bool() ? "True" : "False");
    } else if (is_val<value_int>(val)) {
        append(out, source, std::to_string(val->as_int()));
    } else if (is_val<value_float>(val)) {
        append(out, source, number_text(val->as_float()));
    } else if (is_val<value_array>(val) || is_val<value_object>(val)) {
        out.append(representation(val));
    }
}

} // namespace jinja
