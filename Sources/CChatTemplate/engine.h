// The engine's headers, with what they call and without their warnings.
#pragma once

#include "hooks.h"

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#endif

#include "jinja/lexer.h"
#include "jinja/parser.h"
#include "jinja/runtime.h"
#include "jinja/value.h"
#include "json.h"

#if defined(__clang__)
#pragma clang diagnostic pop
#endif
