// Makes the system refuse access to files, or new descriptors.
#pragma once

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>

namespace dind::tests {

inline constexpr uid_t kFileUser = 1000;

// Root may read everything. So if the test runs as root, this thread accesses files as `user` while the object lives.
class FileUser {
 public:
  explicit FileUser(uid_t user) {
    if (::geteuid() == 0) ::setfsuid(user);
  }
  ~FileUser() {
    if (::geteuid() == 0) ::setfsuid(0);
  }
  FileUser(const FileUser&) = delete;
  FileUser& operator=(const FileUser&) = delete;
};

inline bool give_to_file_user(const std::filesystem::path& path) {
  return ::geteuid() != 0 || ::lchown(path.c_str(), kFileUser, kFileUser) == 0;
}

// Leaves the process only one free descriptor while the object lives.
class FewDescriptors {
 public:
  FewDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::open("/", O_PATH | O_CLOEXEC);
    ::close(next);
    auto few = before_;
    few.rlim_cur = static_cast<rlim_t>(next) + 1;
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

}  // namespace dind::tests
