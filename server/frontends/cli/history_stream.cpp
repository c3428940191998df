#include "frontends/cli/history_stream.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>

#include "support/io/standard_descriptors.hpp"
#include "support/units.hpp"

namespace dind::frontends::cli {
namespace {

constexpr std::string_view kMagic{"SQLite format 3\0", 16};  // https://www.sqlite.org/fileformat.html, section 1.3
constexpr std::size_t kHeadBytes = 100;
constexpr const char* kGiveCopy = ": give a file that `dind-executor history export FILE` wrote";

constexpr std::array kEndingSignals{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
std::array<char, 4096> passing_path{};
std::array<struct sigaction, kEndingSignals.size()> earlier_actions{};

// Calls only functions that signal-safety(7) lists.
extern "C" void remove_passing_file(int signal) {
  ::unlink(passing_path.data());
  ::signal(signal, SIG_DFL);
  ::raise(signal);  // it ends the process when this handler returns
}

struct Descriptor {
  int number;
  bool own;
  Descriptor(int n, bool is_own) : number(n), own(is_own) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (own && number >= 0) ::close(number);
  }
};

std::unexpected<Error> refused(const std::string& text) { return fail(ErrorCode::invalid_request, text); }

std::string reason(int error) { return " (" + std::generic_category().message(error) + ")"; }

// Errors: 0, or what errno said.
int write_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(to, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return put < 0 ? errno : EIO;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return 0;
}

// Fills the buffer unless the end comes first; -1: errno says why.
ssize_t read_full(int from, char* buffer, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(from, buffer + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(done);
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// What the file's head says of its length; 0: it does not say.
std::uint64_t length_in(std::string_view head) {
  if (head.size() < kHeadBytes) return 0;
  auto page = big_endian(head.substr(16, 2));
  if (page == 1) page = 65'536;
  const bool current = head.substr(24, 4) == head.substr(92, 4);  // else an old SQLite wrote last, and it is not kept
  return current ? page * big_endian(head.substr(28, 4)) : 0;
}

std::uint64_t free_bytes(int fd) {
  struct statvfs disk{};
  return ::fstatvfs(fd, &disk) == 0 ? static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize : UINT64_MAX;
}

}  // namespace

PassingFile::PassingFile() {
  const char* folder = std::getenv("TMPDIR");
  path_ = std::string(folder != nullptr && *folder != '\0' ? folder : "/tmp") + "/dind-history-XXXXXX";
  fd_ = path_.size() < passing_path.size() ? ::mkostemp(path_.data(), O_CLOEXEC) : -1;
  if (fd_ < 0) return;
  ::fchmod(fd_, 0600);  // whatever the umask took
  std::memcpy(passing_path.data(), path_.c_str(), path_.size() + 1);
  struct sigaction removes{};
  removes.sa_handler = remove_passing_file;
  for (std::size_t i = 0; i < kEndingSignals.size(); ++i) {
    ::sigaction(kEndingSignals[i], nullptr, &earlier_actions[i]);
    if (earlier_actions[i].sa_handler == SIG_DFL) ::sigaction(kEndingSignals[i], &removes, nullptr);
  }
}

PassingFile::~PassingFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(path_.c_str());
  for (std::size_t i = 0; i < kEndingSignals.size(); ++i) ::sigaction(kEndingSignals[i], &earlier_actions[i], nullptr);
}

CopyTarget copy_target(const std::string& file) {
  if (file == "-") return CopyTarget::stdout_stream;
  struct stat named{}, out{};
  if (::stat(file.c_str(), &named) != 0) return CopyTarget::file;
  if (S_ISDIR(named.st_mode)) return CopyTarget::file;
  if (::fstat(STDOUT_FILENO, &out) == 0 && named.st_dev == out.st_dev && named.st_ino == out.st_ino)
    return CopyTarget::stdout_stream;
  return S_ISFIFO(named.st_mode) || S_ISCHR(named.st_mode) ? CopyTarget::stream : CopyTarget::file;
}

bool is_stream_source(const std::string& file) {
  struct stat named{};
  return file == "-" || (::stat(file.c_str(), &named) == 0 && (S_ISFIFO(named.st_mode) || S_ISCHR(named.st_mode)));
}

Result<void> write_copy(const std::string& from, const std::string& to) {
  const bool standard = to == "-";
  const std::string target = standard ? "stdout" : to;
  if (standard && was_closed(STDOUT_FILENO))
    return refused("history export: stdout is closed: name a file, or redirect stdout");
  const Descriptor copy(::open(from.c_str(), O_RDONLY | O_CLOEXEC), true);
  if (copy.number < 0) return refused("history export: " + from + " can't be read" + reason(errno));
  ::unlink(from.c_str());  // nothing is left of it, however this process ends
  Descriptor out(standard ? STDOUT_FILENO : ::open(to.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY), !standard);
  int error = out.number < 0 ? errno : 0;
  if (error == 0 && ::isatty(out.number) != 0)
    return refused("history export: the copy is binary, and stdout is a terminal: name a file, or redirect stdout");
  std::array<char, 1U << 16> buffer{};
  while (error == 0) {
    const ssize_t got = read_full(copy.number, buffer.data(), buffer.size());
    if (got < 0) error = errno;
    if (got <= 0) break;
    error = write_all(out.number, {buffer.data(), static_cast<std::size_t>(got)});
  }
  if (out.own && out.number >= 0) {
    if (::close(out.number) != 0 && error == 0) error = errno;
    out.own = false;
  }
  if (error != 0)
    return refused("history export: the copy can't be written to " + target + reason(error) +
                   ": what was written is not complete; name a file on a disk that has room");
  return {};
}

Result<void> read_copy(const std::string& from, const PassingFile& into) {
  const std::string source = from == "-" ? "stdin" : from;
  const Descriptor in(from == "-" ? STDIN_FILENO : ::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY), from != "-");
  const auto unreadable = [&] { return refused("history import: " + source + " can't be read" + reason(errno)); };
  if (in.number < 0) return unreadable();
  std::array<char, 1U << 16> buffer{};
  ssize_t got = read_full(in.number, buffer.data(), kMagic.size());
  if (got < 0) return unreadable();
  if (got == 0) return refused("history import: " + source + " is empty" + kGiveCopy);
  if (std::string_view(buffer.data(), static_cast<std::size_t>(got)) != kMagic)
    return refused("history import: " + source + " is not a history of dind-executor (it is not an SQLite database)" +
                   kGiveCopy);
  const auto more = read_full(in.number, buffer.data() + got, kHeadBytes - kMagic.size());
  if (more < 0) return unreadable();
  got += more;
  const auto room = free_bytes(into.fd());
  const auto length = length_in({buffer.data(), static_cast<std::size_t>(got)});
  const std::string remedy = ": free some space there, or set TMPDIR to a folder on another disk";
  const auto no_room = [&](const std::string& seen) {
    return refused("history import: " + source + " does not fit on the disk of " + into.path() + " (" + seen + ")" +
                   remedy);
  };
  const auto left = [&] { return format_bytes(static_cast<std::int64_t>(std::min<std::uint64_t>(room, INT64_MAX))); };
  if (length > room)
    return no_room("it has " + format_bytes(static_cast<std::int64_t>(std::min<std::uint64_t>(length, INT64_MAX))) +
                   ", and the disk has " + left() + " left");
  const auto most = length != 0 ? length : room;
  std::uint64_t done = 0;
  while (got > 0) {
    if (const int error = write_all(into.fd(), {buffer.data(), static_cast<std::size_t>(got)}); error != 0)
      return no_room(std::generic_category().message(error));
    done += static_cast<std::uint64_t>(got);
    if (done >= most) break;
    got = read_full(in.number, buffer.data(), std::min<std::uint64_t>(buffer.size(), most - done));
    if (got < 0) return unreadable();
  }
  if (length == 0 && done >= most) return no_room("the disk has " + left() + " left");
  return {};
}

}  // namespace dind::frontends::cli
