#pragma once

namespace jinja {

// Replaces filters and methods of the engine that lose where text comes from, count bytes for characters, or do without
// a bound what Jinja2's sandbox bounds. Does so once, whoever calls it first.
void install_builtins();

} // namespace jinja
