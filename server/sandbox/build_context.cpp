#include "sandbox/build_context.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <system_error>

#include "sandbox/ignore_rules.hpp"
#include "support/ids.hpp"
#include "support/shortened.hpp"
#include "support/units.hpp"

namespace dind::sandbox {
namespace {

constexpr int kDeepest = 128;
constexpr int kWriteSize = 1 << 20;
constexpr std::size_t kLargestRules = 1 << 20;

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&&) = delete;
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

std::string last_error() { return std::generic_category().message(errno); }

// Beneath the root in every step: neither "..", an absolute path nor a link leads out of it.
Result<Fd> open_folder(const ContextRequest& request) {
  const auto shown = shortened(request.path, 80);
  if (request.root.empty())
    return fail(ErrorCode::invalid_request,
                "The folder \"" + shown +
                    "\" can't be a build's context: no workspace is known here. Set workspace.path (DIND_WORKSPACE)");
  Fd root(::open(request.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (root.get() < 0)
    return fail(ErrorCode::invalid_request, "The workspace " + request.root + " can't be opened (" + last_error() +
                                                "); check workspace.path (DIND_WORKSPACE)");
  struct open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  Fd folder(static_cast<int>(::syscall(SYS_openat2, root.get(), request.path.c_str(), &how, sizeof how)));
  if (folder.get() >= 0) return folder;
  if (errno == EXDEV || errno == ELOOP)
    return fail(ErrorCode::invalid_request, "The folder \"" + shown + "\" leads out of the workspace " + request.root +
                                                "; a build's context lies beneath it");
  return fail(ErrorCode::not_found, "The folder \"" + shown + "\" in the workspace " + request.root +
                                        " can't be a build's context (" + last_error() +
                                        "); its path is relative to the workspace");
}

class Writer {
 public:
  Writer(const ContextRequest& request, const BuildContext& context, const std::stop_token& stop)
      : request_(request), context_(context), stop_(stop), tar_(archive_write_new(), archive_write_free) {}

  Result<void> write() {
    // Not pax: BuildKit of 20.10 takes an archive that begins with a pax header for a Dockerfile. Names are bytes here.
    archive_write_set_format_gnutar(tar_.get());
    archive_write_set_bytes_per_block(tar_.get(), kWriteSize);  // else a write for each 10 KiB
    archive_write_set_bytes_in_last_block(tar_.get(), 512);
    if (archive_write_open(tar_.get(), this, nullptr, &Writer::on_write, nullptr) != ARCHIVE_OK) return broken();

    std::string rules_text;
    bool has_rules = false;
    if (!request_.path.empty()) {
      auto folder = open_folder(request_);
      if (!folder) return std::unexpected(folder.error());
      const Fd rules(::openat(folder->get(), ".dockerignore", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
      if (rules.get() < 0 && errno != ENOENT)
        return fail(ErrorCode::invalid_request, "The .dockerignore of the context can't be read (" + last_error() +
                                                    "), and what it leaves out must stay at home: make it a readable "
                                                    "file, or remove it");
      if (rules.get() >= 0) {
        has_rules = true;
        if (const auto read = read_all(rules.get(), kLargestRules, rules_text); !read) return read;
      }
      const IgnoreRules ignore(rules_text);
      if (const auto added = add_folder(std::move(*folder), "", ignore, 0); !added) return added;
    }
    held_back_ = true;
    if (request_.hide_dockerfile) {
      const std::string rules = rules_text + "\n" + context_.dockerfile + "\n" + (has_rules ? "" : ".dockerignore\n");
      if (const auto added = add_text(".dockerignore", rules); !added) return added;
    }
    if (const auto added = add_text(context_.dockerfile, request_.dockerfile); !added) return added;
    if (archive_write_close(tar_.get()) != ARCHIVE_OK) return broken();
    return {};
  }

  // libarchive ends it in any case: what it writes for that goes nowhere.
  void give_up() { given_up_ = true; }

  CollectedContext collected() const {
    if (special_ == 0) return {.bytes = written_, .notes = {}};
    return {.bytes = written_,
            .notes = {std::to_string(special_) +
                      " files of the context are no files (sockets, pipes, devices) and were left out"}};
  }

 private:
  using Entry = std::unique_ptr<archive_entry, void (*)(archive_entry*)>;

  static la_ssize_t on_write(archive* tar, void* self, const void* bytes, std::size_t size) {
    auto* writer = static_cast<Writer*>(self);
    if (writer->given_up_) return -1;
    const auto written = ::write(writer->context_.tar->fd, bytes, size);
    if (written < 0) {
      archive_set_error(tar, errno, "%s", last_error().c_str());
      return -1;
    }
    writer->written_ += written;
    if (!writer->held_back_) writer->context_.tar->grow_to(writer->written_);
    return written;
  }

  static std::unexpected<Error> stopped() {
    return fail(ErrorCode::cancelled, "The run was cancelled while its build's context was collected");
  }
  std::unexpected<Error> broken() const {
    const char* why = archive_error_string(tar_.get());
    return fail(ErrorCode::internal,
                std::string("A build's context could not be put together: ") + (why == nullptr ? "" : why));
  }

  static Result<void> read_all(int fd, std::size_t most, std::string& into) {
    std::array<char, 4096> buffer;
    ssize_t count = 0;
    while ((count = ::read(fd, buffer.data(), buffer.size())) > 0) {
      into.append(buffer.data(), static_cast<std::size_t>(count));
      if (into.size() > most)
        return fail(ErrorCode::invalid_request, "The .dockerignore of the context is larger than 1 MiB");
    }
    if (count < 0)
      return fail(ErrorCode::invalid_request, "The .dockerignore of the context can't be read (" + last_error() + ")");
    return {};
  }

  // Times and owners say nothing of what a file is: the builder's cache looks at neither.
  Entry entry(const std::string& path, mode_t type, mode_t mode) const {
    Entry made(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(made.get(), path.c_str());
    archive_entry_set_filetype(made.get(), type);
    archive_entry_set_perm(made.get(), mode & 07777);
    archive_entry_set_size(made.get(), 0);
    return made;
  }

  Result<void> add_text(const std::string& path, std::string_view text) {
    const auto made = entry(path, AE_IFREG, 0644);
    archive_entry_set_size(made.get(), static_cast<la_int64_t>(text.size()));
    if (archive_write_header(tar_.get(), made.get()) != ARCHIVE_OK) return broken();
    if (archive_write_data(tar_.get(), text.data(), text.size()) != static_cast<la_ssize_t>(text.size()))
      return broken();
    return {};
  }

  Result<void> add_folder(Fd folder, const std::string& path, const IgnoreRules& ignore, int depth) {
    if (depth == kDeepest)
      return fail(ErrorCode::invalid_request,
                  "The context has more than 128 folders in one another: " + shortened(path, 80));
    DIR* listing = ::fdopendir(folder.get());
    if (listing == nullptr) return unreadable(path);
    const std::unique_ptr<DIR, int (*)(DIR*)> closing(listing, ::closedir);
    [[maybe_unused]] const int owned_by_listing = folder.release();
    std::vector<std::string> names;
    while (const dirent* each = ::readdir(listing)) {
      if (stop_.stop_requested()) return stopped();
      if (std::strcmp(each->d_name, ".") != 0 && std::strcmp(each->d_name, "..") != 0) names.emplace_back(each->d_name);
    }
    std::ranges::sort(names);  // the same files make the same tar
    for (const auto& name : names)
      if (const auto added = add(::dirfd(listing), name, path.empty() ? name : path + "/" + name, ignore, depth);
          !added)
        return added;
    return {};
  }

  Result<void> add(int folder, const std::string& name, const std::string& path, const IgnoreRules& ignore, int depth) {
    if (stop_.stop_requested()) return stopped();
    const bool ignored = ignore.ignored(path);
    struct stat status{};
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};  // gone meanwhile
    if (S_ISDIR(status.st_mode)) {
      if (ignored && !ignore.has_exceptions()) return {};
      if (!ignored) {
        if (const auto counted = count(path); !counted) return counted;
        if (archive_write_header(tar_.get(), entry(path, AE_IFDIR, status.st_mode).get()) != ARCHIVE_OK)
          return broken();
      }
      Fd below(::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (below.get() < 0) return unreadable(path);
      return add_folder(std::move(below), path, ignore, depth + 1);
    }
    if (ignored) return {};
    if (!request_.hide_dockerfile && path == "Dockerfile") return {};    // ours takes its place
    if (request_.hide_dockerfile && path == ".dockerignore") return {};  // comes with a line more
    if (const auto counted = count(path); !counted) return counted;
    if (S_ISLNK(status.st_mode)) return add_link(folder, name, path);
    if (S_ISREG(status.st_mode)) return add_file(folder, name, path);
    ++special_;
    return {};
  }

  Result<void> add_link(int folder, const std::string& name, const std::string& path) {
    std::array<char, 4096> target;
    const auto size = ::readlinkat(folder, name.c_str(), target.data(), target.size() - 1);
    if (size < 0) return {};
    target[static_cast<std::size_t>(size)] = 0;
    const auto made = entry(path, AE_IFLNK, 0777);
    archive_entry_set_symlink(made.get(), target.data());
    return archive_write_header(tar_.get(), made.get()) == ARCHIVE_OK ? Result<void>{} : broken();
  }

  Result<void> add_file(int folder, const std::string& name, const std::string& path) {
    const Fd file(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    struct stat status{};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return unreadable(path);
    bytes_ += status.st_size;
    if (bytes_ > request_.most_bytes)
      return fail(ErrorCode::invalid_request, "The context has more than " + format_bytes(request_.most_bytes) +
                                                  "; leave out what the build doesn't need (.dockerignore), or raise "
                                                  "build.maxContext");
    const auto made = entry(path, AE_IFREG, status.st_mode);
    archive_entry_set_size(made.get(), status.st_size);
    if (archive_write_header(tar_.get(), made.get()) != ARCHIVE_OK) return broken();
    // What grows or shrinks meanwhile is cut, or filled with zeros, as tar does it.
    std::array<char, 64 * 1024> buffer;
    auto left = status.st_size;
    while (left > 0) {
      if (stop_.stop_requested()) return stopped();
      const auto want = std::min<off_t>(left, static_cast<off_t>(buffer.size()));
      auto count = ::read(file.get(), buffer.data(), static_cast<std::size_t>(want));
      if (count < 0) return unreadable(path);
      if (count == 0) {
        std::ranges::fill(buffer, '\0');
        count = static_cast<ssize_t>(want);
      }
      if (archive_write_data(tar_.get(), buffer.data(), static_cast<std::size_t>(count)) != count) return broken();
      left -= count;
    }
    return {};
  }

  Result<void> count(const std::string& path) {
    if (++files_ <= request_.most_files) return {};
    return fail(ErrorCode::invalid_request, "The context has more than " + std::to_string(request_.most_files) +
                                                " files (" + shortened(path, 80) +
                                                " is one more); leave out what the build doesn't need (.dockerignore)");
  }

  static std::unexpected<Error> unreadable(const std::string& path) {
    return fail(ErrorCode::invalid_request, shortened(path, 80) + " in the context can't be read (" + last_error() +
                                                "); check its permissions, or leave it out (.dockerignore)");
  }

  const ContextRequest& request_;
  const BuildContext& context_;
  const std::stop_token& stop_;
  std::unique_ptr<archive, int (*)(archive*)> tar_;
  std::int64_t bytes_ = 0;    // of its files
  std::int64_t written_ = 0;  // of the tar
  bool held_back_ = false;    // what comes now
  bool given_up_ = false;
  std::size_t files_ = 0;
  std::size_t special_ = 0;
};

}  // namespace

Result<BuildContext> begin_context(const ContextRequest& request) {
  const int file = ::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) return fail(ErrorCode::internal, "A build's context can't be written to /tmp (" + last_error() + ")");
  return BuildContext{.tar = std::make_shared<engine::BodyFile>(file),
                      .dockerfile = request.hide_dockerfile ? ".dockerfile." + random_id() : "Dockerfile"};
}

Result<CollectedContext> collect_context(const ContextRequest& request, const BuildContext& context,
                                         const std::stop_token& stop) {
  Writer writer(request, context, stop);
  if (const auto written = writer.write(); !written) {
    writer.give_up();
    return std::unexpected(written.error());
  }
  return writer.collected();
}

}  // namespace dind::sandbox
