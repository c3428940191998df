// A folder whose contents somebody else may have made: looked at without leaving it, without waiting, and within
// bounds. Blocking, as files are.
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
  // nullopt: there is none, or it can't be entered; errno says which. Links in `path` are followed.
  static std::optional<Folder> open(const std::string& path);
  Folder(Folder&& other) noexcept;
  Folder& operator=(Folder&&) = delete;
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();

  // A folder in it; no link is followed. nullopt: there is none, or it can't be entered; errno says which.
  std::optional<Folder> below(const std::string& name) const;

  // What `name` (one part of a path) is, itself: no link is followed. nullopt: nothing, or errno says why not.
  std::optional<struct stat> look(const std::string& name) const;
  struct stat itself() const;

  enum class Problem {
    none,
    missing,
    outside,  // a link that leads out of the folder, or round in circles
    no_file,  // a folder, a pipe, a socket, a device
    too_large,
    unreadable,
  };
  // The text of a regular file of `most` bytes at most. A link in the folder to another file in it is followed.
  Problem read(const std::string& name, std::size_t most, std::string& into) const;

  // Gives `name` another name in this folder; never over something that is there.
  bool rename(const std::string& name, const std::string& to) const;

  struct Entry {
    std::string name;
    bool may_be_folder = true;  // false: it is none (a link to one is none)
    auto operator<=>(const Entry&) const = default;
  };
  // What is in it without "." and "..", by name; of more than `most` what the folder gives first. nullopt: it can't
  // be read, or not to its end; errno says why.
  std::optional<std::vector<Entry>> entries(std::size_t most) const;
  // Their names.
  std::optional<std::vector<std::string>> names(std::size_t most) const;

 private:
  explicit Folder(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace dind
