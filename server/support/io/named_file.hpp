// Reads a file that the operator names: configuration, tokens, certificates, Docker's own files.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

namespace dind {

struct FileProblem {
  bool missing = false;  // nothing exists at the path
  std::string what;      // one line that follows the path: "is a directory …"
};

enum class FileKind {
  regular,  // a pipe or a device is refused
  any       // so that <(command) works: a pipe has 2 s to deliver its bytes; the caller's thread is blocked until then
};

// Reads the whole file. Never waits forever, whatever the path is: a directory, a pipe without a writer, a device.
std::expected<std::string, FileProblem> read_named_file(const std::string& path, FileKind kind = FileKind::regular,
                                                        std::size_t max_bytes = 4U << 20);

}  // namespace dind
