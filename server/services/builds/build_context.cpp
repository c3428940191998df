#include "services/builds/build_context.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <map>
#include <system_error>
#include <utility>

#include "services/builds/context_folder.hpp"
#include "services/builds/ignore_rules.hpp"
#include "support/clock.hpp"
#include "support/ids.hpp"
#include "support/io/last_error.hpp"
#include "support/text/shortened.hpp"
#include "support/units.hpp"

namespace dind {
namespace {

constexpr int kMaxDepth = 128;
constexpr int kWriteSize = 1 << 20;
constexpr const char* kRulesFile = ".dockerignore";
constexpr std::size_t kContentLength = 30;  // a tar's header holds 31 characters of an owner's name

// A file that has several names: where it is in the tar, and how it was when it was read.
struct LinkedFile {
  std::string path;
  struct stat status;
  std::string content;  // a digest
};

class Writer {
 public:
  Writer(const ContextRequest& request, const BuildContext& context, const std::stop_token& stop)
      : request_(request), context_(context), stop_(stop), tar_(archive_write_new(), archive_write_free) {}

  Result<void> write() {
    // Do not use pax: the BuildKit of Docker 20.10 takes an archive that begins with a pax header for a Dockerfile. In
    // the gnutar format, names are bytes.
    archive_write_set_format_gnutar(tar_.get());
    archive_write_set_bytes_per_block(tar_.get(), kWriteSize);  // the default is one write for each 10 KiB
    archive_write_set_bytes_in_last_block(tar_.get(), 512);
    if (archive_write_open(tar_.get(), this, nullptr, &Writer::on_write, nullptr) != ARCHIVE_OK) return broken();

    if (!request_.path.empty()) {
      auto folder = open_context_folder(request_.root, request_.path);
      if (!folder) return std::unexpected(folder.error());
      if (const auto read = read_rules(folder->get()); !read) return read;
      if (const auto added = add_folder(std::move(*folder), "", {}, 0); !added) return added;
    }
    held_back_ = true;
    if (request_.hide_dockerfile)
      if (const auto added = add_text(kRulesFile, hiding_rules(), rules_file_); !added) return added;
    if (const auto added = add_text(context_.dockerfile, request_.dockerfile, dockerfile_); !added) return added;
    if (archive_write_close(tar_.get()) != ARCHIVE_OK) return broken();
    return {};
  }

  // libarchive always ends the archive when it is freed. After this call, `on_write` refuses the bytes of that end.
  void give_up() { given_up_ = true; }

  CollectedContext collected() const {
    if (special_ == 0) return {.bytes = written_, .notes = {}};
    return {
        .bytes = written_,
        .notes = {std::to_string(special_) + " files of the context are sockets, pipes or devices and were left out"}};
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
                std::string("A build's context could not be collected: ") + (why == nullptr ? "" : why));
  }

  Result<void> read_rules(int folder) {
    auto own = read_ignore_file(folder, kRulesFile);
    if (!own) return std::unexpected(own.error());
    const std::string its_name =
        (request_.dockerfile_name.empty() ? "Dockerfile" : request_.dockerfile_name) + kRulesFile;
    auto text = request_.ignore;
    if (!text && !its_name.starts_with('/')) {
      auto its = read_ignore_file(folder, its_name);
      if (!its) return std::unexpected(its.error());
      if (*its) text = std::move((*its)->text);
    }
    const bool has_its = text.has_value();
    if (!text && *own) text = (*own)->text;
    auto rules = IgnoreRules::parse(text.value_or(""), has_its ? its_name : kRulesFile);
    if (!rules) return std::unexpected(rules.error());
    ignore_ = std::move(*rules);
    if (*own && !ignore_.ignored(kRulesFile)) rules_file_ = std::move(**own);
    return {};
  }

  // Returns the .dockerignore for the classic builder. That builder removes from the context what this file names, but
  // it checks only the Dockerfile and the .dockerignore.
  std::string hiding_rules() const {
    const std::string hidden = '\n' + context_.dockerfile + '\n';
    if (!rules_file_) return hidden + kRulesFile + '\n';
    const auto own = IgnoreRules::parse(rules_file_->text, kRulesFile);
    if (!own) return hidden + kRulesFile + '\n';  // the file is not in force, and the builder could not parse it
    return rules_file_->text + (own->ignored(kRulesFile) ? std::string("\n!") + kRulesFile : "") + hidden;
  }

  // The entry has no owner, because an owner says nothing about the file. It has the file's time, because make, zip and
  // others read it.
  Entry entry(const std::string& path, mode_t type, mode_t mode, std::time_t changed) const {
    Entry made(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(made.get(), path.c_str());
    archive_entry_set_filetype(made.get(), type);
    archive_entry_set_perm(made.get(), mode & 07777);
    archive_entry_set_mtime(made.get(), changed, 0);
    archive_entry_set_size(made.get(), 0);
    return made;
  }

  // `there`: the file of the folder that this entry replaces. The entry gets its mode and time.
  Result<void> add_text(const std::string& path, std::string_view text, const std::optional<ContextFile>& there) {
    const auto made = entry(path, AE_IFREG, there ? there->mode : 0644, there ? there->changed : unix_now());
    archive_entry_set_size(made.get(), static_cast<la_int64_t>(text.size()));
    if (archive_write_header(tar_.get(), made.get()) != ARCHIVE_OK) return broken();
    if (archive_write_data(tar_.get(), text.data(), text.size()) != static_cast<la_ssize_t>(text.size()))
      return broken();
    return {};
  }

  Result<void> add_folder_entry(const std::string& path, const struct stat& status) {
    if (const auto counted = count(path); !counted) return counted;
    const auto made = entry(path, AE_IFDIR, status.st_mode, status.st_mtime);
    return archive_write_header(tar_.get(), made.get()) == ARCHIVE_OK ? Result<void>{} : broken();
  }

  // Adds the ignored folders that contain something that is not ignored.
  Result<void> add_waiting_folders() {
    for (const auto& [path, status] : std::exchange(waiting_, {}))
      if (const auto added = add_folder_entry(path, status); !added) return added;
    return {};
  }

  Result<void> add_folder(OwnedFd folder, const std::string& path, const IgnoreRules::Matched& matched, int depth) {
    if (depth == kMaxDepth)
      return fail(ErrorCode::invalid_request,
                  "The context is nested more than 128 folders deep: " + shortened(path, 80));
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
      if (const auto added = add(::dirfd(listing), name, path.empty() ? name : path + "/" + name, matched, depth);
          !added)
        return added;
    return {};
  }

  // `matched`: which patterns matched the folder that contains the entry.
  Result<void> add(int folder, const std::string& name, const std::string& path, const IgnoreRules::Matched& matched,
                   int depth) {
    if (stop_.stop_requested()) return stopped();
    IgnoreRules::Matched own;
    const bool ignored = ignore_.ignored(path, matched, own);
    struct stat status{};
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};  // it was removed meanwhile
    if (S_ISDIR(status.st_mode)) {
      if (ignored && !ignore_.may_keep_below(path)) return {};
      const auto waiting = waiting_.size();
      if (ignored) {
        waiting_.emplace_back(path, status);
      } else {
        if (const auto added = add_waiting_folders(); !added) return added;
        if (const auto added = add_folder_entry(path, status); !added) return added;
      }
      OwnedFd below(::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (below.get() < 0) return unreadable(path);
      const auto added = add_folder(std::move(below), path, own, depth + 1);
      if (waiting_.size() > waiting)
        waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(waiting), waiting_.end());
      return added;
    }
    if (ignored) return {};
    if (path == context_.dockerfile) {  // is written at the end
      dockerfile_ = ContextFile{.text = {}, .mode = status.st_mode, .changed = status.st_mtime};
      return {};
    }
    if (request_.hide_dockerfile && path == kRulesFile) return {};  // is written at the end, with lines added
    if (const auto added = add_waiting_folders(); !added) return added;
    if (const auto counted = count(path); !counted) return counted;
    if (S_ISLNK(status.st_mode)) return add_link(folder, name, path, status);
    if (S_ISREG(status.st_mode)) return add_file(folder, name, path);
    ++special_;
    return {};
  }

  Result<void> add_link(int folder, const std::string& name, const std::string& path, const struct stat& status) {
    std::array<char, 4096> target;
    const auto size = ::readlinkat(folder, name.c_str(), target.data(), target.size() - 1);
    if (size < 0) return {};
    target[static_cast<std::size_t>(size)] = 0;
    const auto made = entry(path, AE_IFLNK, 0777, status.st_mtime);
    archive_entry_set_symlink(made.get(), target.data());
    return archive_write_header(tar_.get(), made.get()) == ARCHIVE_OK ? Result<void>{} : broken();
  }

  Result<void> add_file(int folder, const std::string& name, const std::string& path) {
    const OwnedFd file(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    struct stat status{};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return unreadable(path);
    if (status.st_nlink > 1) {
      const auto [first, is_new] = linked_.try_emplace({status.st_dev, status.st_ino}, LinkedFile{path, status, {}});
      if (!is_new && is_same_state(first->second.status, status)) return add_hard_link(path, first->second);
      if (!is_new) first->second = {path, status, {}};
      return add_bytes(file, path, status, &first->second.content);
    }
    return add_bytes(file, path, status, nullptr);
  }

  // An inode may have been changed, or be another file's, since it was read.
  static bool is_same_state(const struct stat& before, const struct stat& now) {
    return before.st_size == now.st_size && before.st_ctim.tv_sec == now.st_ctim.tv_sec &&
           before.st_ctim.tv_nsec == now.st_ctim.tv_nsec;
  }

  // The classic builder's cache looks at the header of a link, not at what it links to: the name of its owner, which
  // nothing else looks at, says what that is.
  Result<void> add_hard_link(const std::string& path, const LinkedFile& first) {
    const auto made = entry(path, AE_IFREG, first.status.st_mode, first.status.st_mtime);
    archive_entry_set_hardlink(made.get(), first.path.c_str());
    archive_entry_set_uname(made.get(), first.content.c_str());
    return archive_write_header(tar_.get(), made.get()) == ARCHIVE_OK ? Result<void>{} : broken();
  }

  // `content`: set to a digest of the bytes, if it is not null.
  Result<void> add_bytes(const OwnedFd& file, const std::string& path, const struct stat& status,
                         std::string* content) {
    bytes_ += status.st_size;
    if (bytes_ > request_.max_bytes)
      return fail(ErrorCode::invalid_request, "The context has more than " + format_bytes(request_.max_bytes) +
                                                  "; leave out what the build doesn't need (.dockerignore), or raise "
                                                  "build.maxContext");
    const auto made = entry(path, AE_IFREG, status.st_mode, status.st_mtime);
    archive_entry_set_size(made.get(), status.st_size);
    if (archive_write_header(tar_.get(), made.get()) != ARCHIVE_OK) return broken();
    // A file that grows meanwhile is cut. A file that shrinks is filled up with zeros. tar does the same.
    std::array<char, 64 * 1024> buffer;
    auto left = status.st_size;
    std::string digest;  // of all before, and of each piece
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
      if (content != nullptr) digest = sha256(digest.append(buffer.data(), static_cast<std::size_t>(count)));
      left -= count;
    }
    if (content != nullptr) *content = digest.substr(0, kContentLength);
    return {};
  }

  Result<void> count(const std::string& path) {
    if (++files_ <= request_.max_files) return {};
    return fail(ErrorCode::invalid_request, "The context has more than " + std::to_string(request_.max_files) +
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
  IgnoreRules ignore_;
  std::optional<ContextFile> rules_file_;                     // the folder's own .dockerignore, if it is not ignored
  std::optional<ContextFile> dockerfile_;                     // the folder's file that has the Dockerfile's name
  std::vector<std::pair<std::string, struct stat>> waiting_;  // ignored folders above the current entry, parents first
  std::map<std::pair<dev_t, ino_t>, LinkedFile> linked_;
  std::int64_t bytes_ = 0;    // size of the files so far
  std::int64_t written_ = 0;  // size of the tar so far
  bool held_back_ = false;    // the reader does not get what is written from now on
  bool given_up_ = false;
  std::size_t files_ = 0;
  std::size_t special_ = 0;
};

}  // namespace

Result<BuildContext> begin_context(const ContextRequest& request) {
  const int file = ::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) return fail(ErrorCode::internal, "A build's context can't be written to /tmp (" + last_error() + ")");
  auto tar = std::make_shared<engine::BodyFile>(file);
  bool own = false;
  if (!request.hide_dockerfile && !request.path.empty()) {
    const auto folder = open_context_folder(request.root, request.path);  // collect_context reports its errors
    own = folder && has_text(folder->get(), "Dockerfile", request.dockerfile);
  }
  // The name depends only on the text. So a step that copies the file is found in the builder's cache again.
  return BuildContext{.tar = std::move(tar),
                      .dockerfile = own ? "Dockerfile" : ".dockerfile." + sha256(request.dockerfile).substr(0, 16)};
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

}  // namespace dind
