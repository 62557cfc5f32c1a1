#!/usr/bin/env python3
"""Prepares a copy of llama.cpp's Jinja engine for use here: patch.py FOLDER

Each change is a few words, and each must fit the pinned source exactly. What they call is in Sources/CChatTemplate.
"""

import pathlib
import sys

CHANGES = [
    # A part of a string tells which input it comes from, not only that it comes from one: 0 is the template itself.
    ("string.h", "bool is_input = false;", "size_t is_input = 0;", 1),
    # Filters and methods that forget where text comes from are replaced in these tables.
    ("value.cpp", "static const func_builtins builtins = {", "static func_builtins builtins = {", None),
    # These tables are long; looking up a name needs no copy of them.
    ("runtime.cpp", "auto builtins = ", "const auto & builtins = ", 2),
    # None, lists and dictionaries are printed as Python does.
    ("runtime.h", "gather_string_parts_recursive(item, parts);", "print_value(item, parts->val_str);", 1),
    ("runtime.cpp", "input = mk_val<value_string>(input->as_string());", "input = printed(input);", 1),
    # Python's rules for text and operators; the engine is more lenient, and loses marks.
    (
        "runtime.cpp",
        "    auto workaround_concat_null_with_str =",
        "    if (value text = evaluate_text_operator(op.value, left_val, right_val)) return text;\n"
        "    auto workaround_concat_null_with_str =",
        1,
    ),
    (
        "runtime.cpp",
        "value object = this->object->execute(ctx);",
        "value object = this->object->execute(ctx); require_defined(object);",
        1,
    ),
    # A dictionary's `default` or `length` is its member of that name, not a filter.
    (
        "runtime.cpp",
        "try_builtin_func(ctx, prop, object, true);",
        "has_method(object, prop) ? try_builtin_func(ctx, prop, object, true) : mk_val<value_undefined>(prop);",
        1,
    ),
    (
        "runtime.cpp",
        "try_builtin_func(ctx, key, object, true);",
        "has_method(object, key) ? try_builtin_func(ctx, key, object, true) : mk_val<value_undefined>(key);",
        3,
    ),
    # A template is a part of a file from anywhere: its work is bounded.
    ("runtime.cpp", "return execute_impl(ctx);", "evaluation_guard guard; return execute_impl(ctx);", 1),
    ("runtime.cpp", "context loop_scope(scope);", "evaluation_guard guard(16); context loop_scope(scope);", 1),
]


def main(folder):
    for name, old, new, count in CHANGES:
        path = pathlib.Path(folder) / name
        source = path.read_text()
        found = source.count(old)
        if found == 0 or count not in (None, found):
            sys.exit(f"{path}: '{old}' is there {found} times; this is not the pinned source")
        path.write_text(source.replace(old, new))


if __name__ == "__main__":
    main(*sys.argv[1:])
