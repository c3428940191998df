// Reads a file that the operator names: configuration, tokens, certificates, Docker's own files.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

namespace dind {

struct FileProblem {
  bool missing = false;  // nothing is at the path
  std::string what;      // follows the path, on one line: "is a directory …"
};

enum class FileKind {
  regular,  // a pipe or a device is refused
  any       // so that <(command) works: a pipe has 2 s for its bytes, for which the caller's thread is blocked
};

// The whole file. Never waits without end, whatever is at the path: a directory, a pipe without a writer, a device.
std::expected<std::string, FileProblem> read_named_file(const std::string& path, FileKind kind = FileKind::regular,
                                                        std::size_t most_bytes = 4U << 20);

}  // namespace dind
