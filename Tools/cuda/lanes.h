// What ggml's CUDA backend asks of the kernels for lanes.
#pragma once

#include "DeviceKernels.h"
#include "ggml.h"

#include <cuda_runtime.h>

int lane_device_version(void);
bool lane_device_supports(const ggml_tensor * operation);
// Whether it was one of them.
bool lane_device_compute(ggml_tensor * operation, cudaStream_t stream);
