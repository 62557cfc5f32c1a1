// What ggml's Vulkan backend takes from the extension VK_EXT_layer_settings, for Vulkan headers that are older than it, such as
// Debian 12's (1.3.239). Tools/dependencies.sh puts it before the sources of that backend. Layouts and values are those of the
// Vulkan specification; drivers see them where the extension is there, which older ones don't announce.
#pragma once
#include <vulkan/vulkan_core.h>

#ifndef VK_EXT_layer_settings
#include <cstdint>
#include <vector>

namespace vk {
enum class LayerSettingTypeEXT : int32_t { eBool32 = 0 };

struct LayerSettingEXT {
    const char *layerName, *settingName;
    LayerSettingTypeEXT type;
    uint32_t valueCount;
    const void *values;
};

struct LayerSettingsCreateInfoEXT {
    int32_t structureType = 1000496000;  // VK_STRUCTURE_TYPE_LAYER_SETTINGS_CREATE_INFO_EXT
    const void *next = nullptr;
    uint32_t settingCount;
    const LayerSettingEXT *settings;

    explicit LayerSettingsCreateInfoEXT(const std::vector<LayerSettingEXT> &all)
        : settingCount(static_cast<uint32_t>(all.size())), settings(all.data()) {}
};
}  // namespace vk
#endif
