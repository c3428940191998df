#include "support/io/named_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "support/units.hpp"

namespace dind {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 2s;

std::unexpected<FileProblem> problem(std::string what, bool missing = false) {
  return std::unexpected(FileProblem{.missing = missing, .what = std::move(what)});
}

std::unexpected<FileProblem> unreadable(int error, bool missing = false) {
  return problem("can't be read (" + std::generic_category().message(error) + ")", missing);
}

struct Fd {
  int number;
  explicit Fd(int n) : number(n) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (number >= 0) ::close(number);
  }
};

// Whether data or the end can be read before the deadline.
bool readable(int fd, std::chrono::steady_clock::time_point deadline) {
  pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::clamp<long>(left, 0, 10'000)));
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0;
  }
}

}  // namespace

std::expected<std::string, FileProblem> read_named_file(const std::string& path, FileKind kind, std::size_t max_bytes) {
  if (path.contains('\0')) return problem("can't be read (its path holds a NUL byte)");
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.number < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return unreadable(errno, true);
    return unreadable(errno);
  }
  struct stat status{};
  if (::fstat(file.number, &status) != 0) return unreadable(errno);
  if (S_ISDIR(status.st_mode))
    return problem("is not a file but a directory (Docker makes one where the source of a bind mount is missing)");
  if (kind == FileKind::regular && !S_ISREG(status.st_mode))
    return problem("is not a file but a pipe, a socket or a device");
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::string contents;
  char buffer[16 * 1024];
  while (true) {
    const ssize_t count = ::read(file.number, buffer, sizeof buffer);
    if (count > 0) {
      contents.append(buffer, static_cast<std::size_t>(count));
      if (contents.size() > max_bytes)
        return problem("is larger than " + format_bytes(static_cast<std::int64_t>(max_bytes)));
    } else if (count == 0) {
      if (S_ISFIFO(status.st_mode) && contents.empty()) return problem("is a pipe to which nothing is written");
      return contents;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!readable(file.number, deadline)) return problem("did not end within 2 s");
    } else if (errno != EINTR) {
      return unreadable(errno);
    }
  }
}

}  // namespace dind
