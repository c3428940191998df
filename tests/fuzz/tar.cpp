// An archive of make_tar is read back unchanged: no file becomes another file, a link or a folder.
#include "sandbox/tar.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <memory>

#include "fuzz.hpp"

using namespace dind;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  std::vector<std::pair<std::string, std::string>> wanted;
  std::vector<sandbox::TarFile> files;
  for (auto n = input.ConsumeIntegralInRange(0, 4); n > 0; --n) {
    auto path = input.ConsumeRandomLengthString();
    std::erase(path, '\0');
    for (auto at = path.find("//"); at != std::string::npos; at = path.find("//", at)) path.erase(at, 1);
    if (path.starts_with('/')) path.erase(0, 1);
    if (path.ends_with('/')) path.pop_back();
    if (path.empty()) path = "f";
    if (input.ConsumeBool()) path.insert(0, std::string(input.ConsumeIntegralInRange(90, 300), 'd') + "/");
    wanted.emplace_back(path, input.ConsumeRandomLengthString());
  }
  for (const auto& [path, bytes] : wanted)
    files.push_back({path, bytes, static_cast<std::uint32_t>(input.ConsumeIntegralInRange(0, 07777))});
  const auto tar = sandbox::make_tar(files);
  fuzz::require(tar.has_value(), "any file names give an archive");

  const std::unique_ptr<archive, int (*)(archive*)> in(archive_read_new(), archive_read_free);
  archive_read_support_format_tar(in.get());
  archive_read_set_format_option(in.get(), "tar", "hdrcharset", "BINARY");
  fuzz::require(archive_read_open_memory(in.get(), tar->data(), tar->size()) == ARCHIVE_OK, "the archive opens");
  archive_entry* entry = nullptr;
  for (const auto& file : files) {
    fuzz::require(archive_read_next_header(in.get(), &entry) == ARCHIVE_OK, "each file is in the archive");
    const char* path = archive_entry_pathname(entry);
    fuzz::require(path != nullptr && path == file.path, "a file keeps its path");
    fuzz::require(archive_entry_filetype(entry) == AE_IFREG && archive_entry_uid(entry) == 0,
                  "an entry is a file of root");
    fuzz::require(archive_entry_perm(entry) == file.mode, "a file keeps its mode");
    std::string bytes;
    std::array<char, 4096> part;
    la_ssize_t got = 0;
    while ((got = archive_read_data(in.get(), part.data(), part.size())) > 0)
      bytes.append(part.data(), static_cast<std::size_t>(got));
    fuzz::require(got == 0 && bytes == file.bytes, "a file keeps its bytes");
  }
  fuzz::require(archive_read_next_header(in.get(), &entry) == ARCHIVE_EOF, "the archive has no other entry");
  return 0;
}
