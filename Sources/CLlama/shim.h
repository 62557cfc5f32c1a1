// The border with llama.cpp and ggml: their headers, and what Swift cannot call by itself.
#pragma once

#if !__has_include("llama.h") || !__has_include("ggml.h")
#error "llama.cpp is missing: set PKG_CONFIG_PATH to the folder that Tools/dependencies.sh of this package prints ('make' does so by itself)"
#endif

#include "ggml.h"
#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "gguf.h"
#include "llama.h"
#if __has_include("ggml-rpc.h")
#include "ggml-rpc.h"
#endif

#include <stdlib.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

// Functions that a backend offers by name only come as untyped addresses; Swift cannot cast those to C functions.
static inline ggml_backend_buffer_type_t * agd_extra_buffer_types(ggml_backend_dev_t device) {
    ggml_backend_dev_get_extra_bufts_t get = (ggml_backend_dev_get_extra_bufts_t)
        ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts");
    return get ? get(device) : NULL;
}

// Whether this ggml has the RPC backend, and speaks this version of its protocol.
static inline bool agd_rpc_speaks(const uint8_t * version) {
#ifdef RPC_PROTO_MAJOR_VERSION
    return ggml_backend_reg_by_name("RPC") && version[0] == RPC_PROTO_MAJOR_VERSION
        && version[1] == RPC_PROTO_MINOR_VERSION && version[2] == RPC_PROTO_PATCH_VERSION;
#else
    (void) version;
    return false;
#endif
}

// The devices of an RPC server, where ggml was built with that backend.
static inline ggml_backend_reg_t agd_rpc_add_server(const char * endpoint) {
    ggml_backend_reg_t rpc = ggml_backend_reg_by_name("RPC");
    if (!rpc) return NULL;
    ggml_backend_reg_t (* add)(const char *) = (ggml_backend_reg_t (*)(const char *))
        ggml_backend_reg_get_proc_address(rpc, "ggml_backend_rpc_add_server");
    return add ? add(endpoint) : NULL;
}

// Function pointers inside a constant struct, called in one step.
static inline bool agd_dequantize(enum ggml_type type, const void * source, float * destination, int64_t count) {
    if (type == GGML_TYPE_F32) {
        for (int64_t i = 0; i < count; i++) destination[i] = ((const float *) source)[i];
        return true;
    }
    const struct ggml_type_traits * traits = ggml_get_type_traits(type);
    if (!traits || !traits->to_float) return false;
    traits->to_float(source, destination, count);
    return true;
}

// Blocks of this size or more go back to the system when they are freed, where the allocator can be told.
static inline void agd_return_blocks_from(int bytes) {
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, bytes);
#else
    (void) bytes;
#endif
}
