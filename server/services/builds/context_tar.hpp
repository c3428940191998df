// Writes the entries of a build's context into its tar (gnutar format). The functions block.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "dind/error.hpp"
#include "engine/body_file.hpp"
#include "services/builds/context_folder.hpp"

namespace dind {

// A file that has several names: where it is in the tar, and how it was when it was read.
struct LinkedFile {
  std::string path;
  struct stat status;
  std::string content;  // a digest
};

// The errors while a context is collected.
std::unexpected<Error> context_stopped();                            // cancelled
std::unexpected<Error> context_unreadable(const std::string& path);  // invalid_request, with errno's words

class ContextTar {
 public:
  // `file` must outlive the tar.
  explicit ContextTar(engine::BodyFile& file);
  ContextTar(const ContextTar&) = delete;
  ContextTar& operator=(const ContextTar&) = delete;

  // Errors of these functions: internal (the file can't be written to).
  Result<void> open();
  Result<void> close();
  // `replaced`: the file of the folder that this entry replaces. The entry gets its mode and time.
  Result<void> add_text(const std::string& path, std::string_view text, const std::optional<ContextFile>& replaced);
  Result<void> add_folder(const std::string& path, const struct stat& status);
  Result<void> add_link(const std::string& path, const char* target, std::time_t changed);
  Result<void> add_hard_link(const std::string& path, const LinkedFile& first);
  // `content`: set to a digest of the bytes, if it is not null. More errors: those of context_stopped and
  // context_unreadable.
  Result<void> add_file(const OwnedFd& file, const std::string& path, const struct stat& status, std::string* content,
                        const std::stop_token& stop);

  // The reader of the file does not get what is written from now on.
  void hold_back() { held_back_ = true; }
  // libarchive always ends the archive when it is freed. After this call, the bytes of that end are refused.
  void give_up() { given_up_ = true; }
  std::int64_t written() const { return written_; }  // bytes

 private:
  using Entry = std::unique_ptr<archive_entry, void (*)(archive_entry*)>;

  static la_ssize_t on_write(archive* tar, void* self, const void* bytes, std::size_t size);
  std::unexpected<Error> broken() const;
  Entry entry(const std::string& path, mode_t type, mode_t mode, std::time_t changed) const;
  Result<void> add_header(const Entry& made);

  engine::BodyFile& file_;
  bool held_back_ = false;
  bool given_up_ = false;
  std::int64_t written_ = 0;
  std::unique_ptr<archive, int (*)(archive*)> tar_;  // the last member: it writes while it is freed
};

}  // namespace dind
