// Operators on text as Python and Jinja2 define them.
#include <stdexcept>

#include "python_text.h"

namespace jinja {

namespace {

value added(const value & left, const value & right) {
    if (is_val<value_array>(left) && is_val<value_array>(right)) {
        charge(sizeof(value) * (left->as_array().size() + right->as_array().size()));
        return nullptr;
    }
    if (left->is_undefined() || right->is_undefined()) throw std::runtime_error("an undefined value can't be added");
    if (left->is_numeric() && right->is_numeric()) return nullptr;
    if (!is_val<value_string>(left) || !is_val<value_string>(right)) {
        throw std::runtime_error("can't add " + right->type() + " to " + left->type());
    }
    charge(left->val_str.length() + right->val_str.length());
    if (!is_val<value_markup>(left) && !is_val<value_markup>(right)) {
        return mk_val<value_string>(string(left->val_str).append(right->val_str));
    }
    string markup = is_val<value_markup>(left) ? left->val_str : html_escaped(left->val_str);
    markup.append(is_val<value_markup>(right) ? right->val_str : html_escaped(right->val_str));
    return mk_val<value_markup>(markup);
}

value compared(const std::string & op, const value & left, const value & right) {
    if (!is_val<value_string>(left) || !is_val<value_string>(right)) return nullptr;
    const std::string a = left->val_str.str(), b = right->val_str.str();
    return mk_val<value_bool>(op == "<" ? a < b : op == "<=" ? a <= b : op == ">" ? a > b : a >= b);
}

} // namespace

value evaluate_text_operator(const std::string & op, const value & left, const value & right) {
    if (op == "~") {
        string result;
        print_value(left, result);
        print_value(right, result);
        return mk_val<value_string>(result);
    }
    if (op == "+") return added(left, right);
    if (op == "<" || op == "<=" || op == ">" || op == ">=") return compared(op, left, right);
    if (op == "*" && (is_val<value_string>(left) || is_val<value_string>(right))) {
        const auto & text = is_val<value_string>(left) ? left : right;
        const auto & count = is_val<value_string>(left) ? right : left;
        if (is_val<value_int>(count) && count->as_int() > 0) {
            // A bound for the product, which must not wrap around.
            if (static_cast<std::size_t>(count->as_int()) > SIZE_MAX / (text->val_str.length() + 64)) charge(SIZE_MAX);
            charge(static_cast<std::size_t>(count->as_int()) * (text->val_str.length() + 64));
        }
    }
    return nullptr;
}

void require_defined(const value & object) {
    if (object->is_undefined()) throw std::runtime_error("a member of an undefined value is asked for");
}

} // namespace jinja
