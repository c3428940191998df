// Tar archives for the engine, made in memory by libarchive.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "dind/error.hpp"

namespace dind::sandbox {

struct TarFile {
  std::string path;  // relative
  std::string_view bytes;
  std::uint32_t mode = 0644;
  bool folder = false;
  std::uint32_t user = 0;  // and group
};

// With a fixed time: the same files make the same bytes.
Result<std::string> make_tar(std::span<const TarFile> files);

}  // namespace dind::sandbox
