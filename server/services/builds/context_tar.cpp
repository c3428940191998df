#include "services/builds/context_tar.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "support/clock.hpp"
#include "support/ids.hpp"
#include "support/io/last_error.hpp"
#include "support/text/shortened.hpp"

namespace dind {
namespace {

constexpr int kWriteSize = 1 << 20;
constexpr std::size_t kContentLength = 30;  // a tar's header holds 31 characters of an owner's name

}  // namespace

std::unexpected<Error> context_stopped() {
  return fail(ErrorCode::cancelled, "The run was cancelled while its build's context was collected");
}

std::unexpected<Error> context_unreadable(const std::string& path) {
  return fail(ErrorCode::invalid_request, shortened(path, 80) + " in the context can't be read (" + last_error() +
                                              "); check its permissions, or leave it out (.dockerignore)");
}

ContextTar::ContextTar(engine::BodyFile& file) : file_(file), tar_(archive_write_new(), archive_write_free) {}

Result<void> ContextTar::open() {
  // Do not use pax: the BuildKit of Docker 20.10 takes an archive that begins with a pax header for a Dockerfile. In
  // the gnutar format, names are bytes.
  archive_write_set_format_gnutar(tar_.get());
  archive_write_set_bytes_per_block(tar_.get(), kWriteSize);  // the default is one write for each 10 KiB
  archive_write_set_bytes_in_last_block(tar_.get(), 512);
  if (archive_write_open(tar_.get(), this, nullptr, &ContextTar::on_write, nullptr) != ARCHIVE_OK) return broken();
  return {};
}

Result<void> ContextTar::close() {
  if (archive_write_close(tar_.get()) != ARCHIVE_OK) return broken();
  return {};
}

la_ssize_t ContextTar::on_write(archive* tar, void* self, const void* bytes, std::size_t size) {
  auto* writer = static_cast<ContextTar*>(self);
  if (writer->given_up_) return -1;
  const auto written = ::write(writer->file_.fd, bytes, size);
  if (written < 0) {
    archive_set_error(tar, errno, "%s", last_error().c_str());
    return -1;
  }
  writer->written_ += written;
  if (!writer->held_back_) writer->file_.grow_to(writer->written_);
  return written;
}

std::unexpected<Error> ContextTar::broken() const {
  const char* why = archive_error_string(tar_.get());
  return fail(ErrorCode::internal,
              std::string("A build's context could not be collected: ") + (why == nullptr ? "" : why));
}

// The entry has no owner, because an owner says nothing about the file. It has the file's time, because make, zip and
// others read it.
ContextTar::Entry ContextTar::entry(const std::string& path, mode_t type, mode_t mode, std::time_t changed) const {
  Entry made(archive_entry_new(), archive_entry_free);
  archive_entry_set_pathname(made.get(), path.c_str());
  archive_entry_set_filetype(made.get(), type);
  archive_entry_set_perm(made.get(), mode & 07777);
  archive_entry_set_mtime(made.get(), changed, 0);
  archive_entry_set_size(made.get(), 0);
  return made;
}

Result<void> ContextTar::add_header(const Entry& made) {
  if (archive_write_header(tar_.get(), made.get()) != ARCHIVE_OK) return broken();
  return {};
}

Result<void> ContextTar::add_text(const std::string& path, std::string_view text,
                                  const std::optional<ContextFile>& replaced) {
  const auto made = entry(path, AE_IFREG, replaced ? replaced->mode : 0644, replaced ? replaced->changed : unix_now());
  archive_entry_set_size(made.get(), static_cast<la_int64_t>(text.size()));
  if (const auto added = add_header(made); !added) return added;
  if (archive_write_data(tar_.get(), text.data(), text.size()) != static_cast<la_ssize_t>(text.size())) return broken();
  return {};
}

Result<void> ContextTar::add_folder(const std::string& path, const struct stat& status) {
  return add_header(entry(path, AE_IFDIR, status.st_mode, status.st_mtime));
}

Result<void> ContextTar::add_link(const std::string& path, const char* target, std::time_t changed) {
  const auto made = entry(path, AE_IFLNK, 0777, changed);
  archive_entry_set_symlink(made.get(), target);
  return add_header(made);
}

// The classic builder's cache looks at the header of a link, not at what it links to: the name of its owner, which
// nothing else looks at, says what that is.
Result<void> ContextTar::add_hard_link(const std::string& path, const LinkedFile& first) {
  const auto made = entry(path, AE_IFREG, first.status.st_mode, first.status.st_mtime);
  archive_entry_set_hardlink(made.get(), first.path.c_str());
  archive_entry_set_uname(made.get(), first.content.c_str());
  return add_header(made);
}

Result<void> ContextTar::add_file(const OwnedFd& file, const std::string& path, const struct stat& status,
                                  std::string* content, const std::stop_token& stop) {
  const auto made = entry(path, AE_IFREG, status.st_mode, status.st_mtime);
  archive_entry_set_size(made.get(), status.st_size);
  if (const auto added = add_header(made); !added) return added;
  // A file that grows meanwhile is cut. A file that shrinks is filled up with zeros. tar does the same.
  std::array<char, 64 * 1024> buffer;
  auto left = status.st_size;
  std::string digest;  // of all before, and of each piece
  while (left > 0) {
    if (stop.stop_requested()) return context_stopped();
    const auto want = std::min<off_t>(left, static_cast<off_t>(buffer.size()));
    auto count = ::read(file.get(), buffer.data(), static_cast<std::size_t>(want));
    if (count < 0) return context_unreadable(path);
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

}  // namespace dind
