// Makes and reads tar archives for the engine, in memory, with libarchive.
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
  std::uint32_t user = 0;              // user id and group id
  std::string_view hard_link_to = {};  // the path of an earlier entry, whose bytes and mode it has
};

// The first entry of a tar: what it is a link to, or the bytes of a regular file.
struct TarEntry {
  std::string link;  // empty: not a link
  std::string bytes;
};
// Error (engine_error): not a tar, an entry of another kind, or more than `most` bytes.
Result<TarEntry> first_in_tar(const std::string& tar, std::size_t most);

// Whether the folder in a tar has entries. The first bytes of the tar are enough.
bool tar_of_folder_has_entries(const std::string& tar);

// Makes a tar with a fixed time, so the same files make the same bytes.
Result<std::string> make_tar(std::span<const TarFile> files);

}  // namespace dind::sandbox
