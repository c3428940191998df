// A folder whose contents may come from others: reads it without leaving it, without waiting, and with bounds.
// Blocking, like all file access.
#pragma once

#include <sys/stat.h>

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace dind {

class Folder {
 public:
  // nullopt: it does not exist or cannot be opened; errno says which. Links in `path` are followed.
  static std::optional<Folder> open(const std::string& path);
  Folder(Folder&& other) noexcept;
  Folder& operator=(Folder&&) = delete;
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();

  // Opens a folder in it; does not follow a link. nullopt: it does not exist or cannot be opened; errno says which.
  std::optional<Folder> below(const std::string& name) const;

  // The status of `name` (one part of a path) itself; does not follow a link. nullopt: it does not exist, or errno says
  // why.
  std::optional<struct stat> look(const std::string& name) const;
  struct stat itself() const;

  enum class Problem {
    none,
    missing,
    outside,  // a link that leads out of the folder, or a loop of links
    no_file,  // a folder, a pipe, a socket or a device
    too_large,
    unreadable,
  };
  // The text of a regular file of at most `max` bytes. Follows a link in the folder to another file in it.
  Problem read(const std::string& name, std::size_t max, std::string& into) const;

  // Renames `name` in this folder; never replaces an existing file.
  bool rename(const std::string& name, const std::string& to) const;

  struct Entry {
    std::string name;
    bool may_be_folder = true;  // false: it is certainly not a folder (a link to a folder is not one)
    auto operator<=>(const Entry&) const = default;
  };
  // The entries without "." and "..", sorted by name. If there are more than `max`, the first ones that the kernel
  // returns. nullopt: it cannot be read to its end; errno says why.
  std::optional<std::vector<Entry>> entries(std::size_t max) const;
  // Their names.
  std::optional<std::vector<std::string>> names(std::size_t max) const;

 private:
  explicit Folder(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace dind
