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
  std::uint32_t user = 0;              // and group
  std::string_view hard_link_to = {};  // the path of an earlier entry, whose bytes and mode it has
};

// The first entry of a tar: what it is a link to, or the bytes of a regular file.
struct TarEntry {
  std::string link;  // empty: no link
  std::string bytes;
};
// Error (engine_error): no tar, an entry of another kind, or more than `most` bytes.
Result<TarEntry> first_in_tar(const std::string& tar, std::size_t most);

// Whether a tar of a folder, or its first bytes, has something in the folder.
bool tar_of_folder_has_entries(const std::string& tar);

// With a fixed time: the same files make the same bytes.
Result<std::string> make_tar(std::span<const TarFile> files);

}  // namespace dind::sandbox
