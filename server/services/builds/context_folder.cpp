#include "services/builds/context_folder.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "support/io/last_error.hpp"
#include "support/text/shortened.hpp"

namespace dind {
namespace {

constexpr std::size_t kMaxRulesBytes = 1 << 20;

// Opens `path` below `folder`. In every step, no "..", absolute path or link leads out of `folder`.
int open_beneath(int folder, const std::string& path, int flags) {
  struct open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how));
}

// False: the file has more than `most` bytes (errno is 0), or can't be read (errno is set).
bool read_all(int fd, std::size_t most, std::string& into) {
  std::array<char, 16 * 1024> buffer;
  ssize_t count = 0;
  errno = 0;
  while ((count = ::read(fd, buffer.data(), buffer.size())) > 0) {
    into.append(buffer.data(), static_cast<std::size_t>(count));
    if (into.size() > most) return false;
  }
  return count == 0;
}

}  // namespace

Result<OwnedFd> open_context_folder(const std::string& root_path, const std::string& path) {
  const auto shown = shortened(path, 80);
  if (root_path.empty())
    return fail(ErrorCode::invalid_request,
                "The folder \"" + shown +
                    "\" can't be a build's context: no workspace is set. Set workspace.path (DIND_WORKSPACE)");
  const OwnedFd root(::open(root_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (root.get() < 0)
    return fail(ErrorCode::invalid_request, "The workspace " + root_path + " can't be opened (" + last_error() +
                                                "); check workspace.path (DIND_WORKSPACE)");
  // An absolute path of a folder in the workspace is accepted too.
  std::string relative = path;
  const std::string base = root_path.substr(0, root_path.find_last_not_of('/') + 1);
  if (path == base || path.starts_with(base + "/"))
    relative = "./" + path.substr(std::min(path.size(), base.size() + 1));
  OwnedFd folder(open_beneath(root.get(), relative, O_RDONLY | O_DIRECTORY));
  if (folder.get() >= 0) return folder;
  if (errno == EXDEV || errno == ELOOP)
    return fail(ErrorCode::invalid_request, "The folder \"" + shown + "\" leads out of the workspace " + root_path +
                                                "; a build's context lies beneath it");
  return fail(ErrorCode::not_found, "The folder \"" + shown + "\" in the workspace " + root_path +
                                        " can't be a build's context (" + last_error() +
                                        "); its path is relative to the workspace");
}

Result<std::optional<ContextFile>> read_ignore_file(int folder, const std::string& name) {
  const auto refused = [&](const std::string& why) {
    return fail(ErrorCode::invalid_request,
                "The " + name + " of the context " + why +
                    ". The files that it excludes must not be sent: make it a readable file of at "
                    "most 1 MiB in the context, or remove it");
  };
  const OwnedFd file(open_beneath(folder, name, O_RDONLY | O_NONBLOCK));
  if (file.get() < 0) {
    struct stat link{};
    if (errno == ENOENT && ::fstatat(folder, name.c_str(), &link, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
    return refused("can't be opened (" + last_error() + ")");
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return refused("is not a file");
  ContextFile read{.text = {}, .mode = status.st_mode & 07777, .changed = status.st_mtime};
  if (!read_all(file.get(), kMaxRulesBytes, read.text))
    return refused(errno == 0 ? "is larger than 1 MiB" : "can't be read (" + last_error() + ")");
  return read;
}

bool has_text(int folder, const std::string& name, const std::string& text) {
  const OwnedFd file(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (static_cast<std::size_t>(status.st_size) != text.size()) return false;
  std::string there;
  return read_all(file.get(), text.size(), there) && there == text;
}

}  // namespace dind
