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
  // Names are bytes: without this, one that is not ASCII fails in the C locale.
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
    if (archive_write_header(tar.get(), entry.get()) != ARCHIVE_OK) return broken();
    if (archive_write_data(tar.get(), file.bytes.data(), file.bytes.size()) !=
        static_cast<la_ssize_t>(file.bytes.size()))
      return broken();
  }
  if (archive_write_close(tar.get()) != ARCHIVE_OK) return broken();
  return bytes;
}

}  // namespace dind::sandbox
