#!/usr/bin/env python3
"""Puts the kernels for lanes into ggml's CUDA backend: their files beside its own, and three calls in its main file.

    Tools/cuda/patch.py SOURCE      the folder of llama.cpp's source
"""

import pathlib
import shutil
import sys

here = pathlib.Path(__file__).resolve().parent
backend = pathlib.Path(sys.argv[1], "ggml/src/ggml-cuda")
header = here.parent.parent / "Sources/CLaneKernels/include/DeviceKernels.h"
for file in [header, *(here / name for name in ("lanes.h", "lanes.cu", "kernels.cuh"))]:
    shutil.copy(file, backend)

INSERTIONS = [  # behind what, what, before what
    ('#include "ggml-cuda.h"\n', '#include "lanes.h"\n', ""),
    (
        "static bool ggml_cuda_compute_forward(ggml_backend_cuda_context & ctx, struct ggml_tensor * dst) {\n    switch (dst->op) {\n",
        "        case GGML_OP_CUSTOM:\n            if (!lane_device_compute(dst, ctx.stream())) return false;\n            break;\n",
        "",
    ),
    (
        "    switch (op->op) {\n",
        "        case GGML_OP_CUSTOM:\n            return lane_device_supports(op);\n",
        "        case GGML_OP_UNARY:\n",
    ),
    (
        "static void * ggml_backend_cuda_reg_get_proc_address(ggml_backend_reg_t reg, const char * name) {\n    GGML_UNUSED(reg);\n",
        "    if (strcmp(name, LANE_DEVICE_VERSION_FUNCTION) == 0) {\n        return (void *)lane_device_version;\n    }\n",
        "",
    ),
]
path = backend / "ggml-cuda.cu"
source = path.read_text()
for before, text, after in INSERTIONS:
    assert source.count(before + after) == 1, f"ggml's CUDA backend is not the pinned one: {before!r}"
    source = source.replace(before + after, before + text + after)
path.write_text(source)
