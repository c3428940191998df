#include "sandbox/tar.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <memory>

namespace dind::sandbox {
namespace {

la_ssize_t append(archive*, void* to, const void* bytes, std::size_t size) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

}  // namespace

Result<std::string> make_tar(std::span<const TarFile> files) {
  std::string bytes;
  const std::unique_ptr<archive, int (*)(archive*)> tar(archive_write_new(), archive_write_free);
  const auto broken = [&] {
    return fail(ErrorCode::internal,
                std::string("A tar archive could not be made: ") + archive_error_string(tar.get()));
  };
  archive_write_set_format_pax_restricted(tar.get());
  // Names are bytes: without this option, a name that is not ASCII fails in the C locale.
  archive_write_set_format_option(tar.get(), "pax", "hdrcharset", "BINARY");
  archive_write_set_bytes_in_last_block(tar.get(), 1);
  if (archive_write_open(tar.get(), &bytes, nullptr, append, nullptr) != ARCHIVE_OK) return broken();
  for (const auto& file : files) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(entry.get(), file.path.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.bytes.size()));
    archive_entry_set_filetype(entry.get(), file.folder ? AE_IFDIR : AE_IFREG);
    archive_entry_set_uid(entry.get(), file.user);
    archive_entry_set_gid(entry.get(), file.user);
    archive_entry_set_perm(entry.get(), file.mode);
    archive_entry_set_mtime(entry.get(), 0, 0);
    if (!file.hard_link_to.empty()) archive_entry_set_hardlink(entry.get(), std::string(file.hard_link_to).c_str());
    if (archive_write_header(tar.get(), entry.get()) != ARCHIVE_OK) return broken();
    if (archive_write_data(tar.get(), file.bytes.data(), file.bytes.size()) !=
        static_cast<la_ssize_t>(file.bytes.size()))
      return broken();
  }
  if (archive_write_close(tar.get()) != ARCHIVE_OK) return broken();
  return bytes;
}

namespace {

// ARCHIVE_WARN is said of a name that the C locale can't express: names are bytes here, and none is looked at.
bool next_header(archive* from, archive_entry** entry) {
  const int status = archive_read_next_header(from, entry);
  return status == ARCHIVE_OK || status == ARCHIVE_WARN;
}

}  // namespace

bool tar_of_folder_has_entries(const std::string& tar) {
  const std::unique_ptr<archive, int (*)(archive*)> from(archive_read_new(), archive_read_free);
  archive_read_support_format_tar(from.get());
  if (archive_read_open_memory(from.get(), tar.data(), tar.size()) != ARCHIVE_OK) return false;
  archive_entry* entry = nullptr;
  // A tar that is cut off may have only a part of the second header. The tar of an empty folder is complete, with its
  // end.
  return next_header(from.get(), &entry) && archive_entry_filetype(entry) == AE_IFDIR &&
         archive_read_next_header(from.get(), &entry) != ARCHIVE_EOF;
}

Result<TarEntry> first_in_tar(const std::string& tar, std::size_t most) {
  const std::unique_ptr<archive, int (*)(archive*)> from(archive_read_new(), archive_read_free);
  const auto refuse = [](const char* why) {
    return fail(ErrorCode::engine_error, std::string("The engine's archive of a file can't be read: ") + why);
  };
  archive_read_support_format_tar(from.get());
  if (archive_read_open_memory(from.get(), tar.data(), tar.size()) != ARCHIVE_OK) return refuse("not a tar archive");
  archive_entry* entry = nullptr;
  if (!next_header(from.get(), &entry)) return refuse("no entry");
  TarEntry found;
  if (archive_entry_filetype(entry) == AE_IFLNK) {
    const char* link = archive_entry_symlink(entry);
    if (link == nullptr) link = archive_entry_symlink_utf8(entry);
    if (link == nullptr || *link == 0) return refuse("a link to nothing");
    found.link = link;
    return found;
  }
  if (archive_entry_filetype(entry) != AE_IFREG) return refuse("not a file");
  const auto size = archive_entry_size(entry);
  if (size < 0 || static_cast<std::size_t>(size) > most) return refuse("the file is too large");
  found.bytes.resize(static_cast<std::size_t>(size));
  if (archive_read_data(from.get(), found.bytes.data(), found.bytes.size()) != size) return refuse("it is cut off");
  return found;
}

}  // namespace dind::sandbox
