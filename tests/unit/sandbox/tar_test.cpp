#include "sandbox/tar.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <vector>

#include "support/ids.hpp"

namespace tar_test {

using namespace dind;
using namespace dind::sandbox;

namespace {

struct Entry {
  std::string path, bytes;
  unsigned mode, type;
  std::int64_t uid, gid, mtime;
  std::string link;
};

std::vector<Entry> read_tar(const std::string& tar) {
  std::vector<Entry> entries;
  const std::unique_ptr<archive, int (*)(archive*)> in(archive_read_new(), archive_read_free);
  archive_read_support_format_tar(in.get());
  REQUIRE(archive_read_open_memory(in.get(), tar.data(), tar.size()) == ARCHIVE_OK);
  archive_entry* entry = nullptr;
  int status = 0;
  while ((status = archive_read_next_header(in.get(), &entry)) == ARCHIVE_OK) {
    Entry seen{.path = archive_entry_pathname(entry),
               .bytes = {},
               .mode = archive_entry_perm(entry),
               .type = archive_entry_filetype(entry),
               .uid = archive_entry_uid(entry),
               .gid = archive_entry_gid(entry),
               .mtime = archive_entry_mtime(entry),
               .link = {}};
    if (const char* link = archive_entry_hardlink(entry)) seen.link = link;
    std::array<char, 4096> buffer;
    la_ssize_t size = 0;
    while ((size = archive_read_data(in.get(), buffer.data(), buffer.size())) > 0)
      seen.bytes.append(buffer.data(), static_cast<std::size_t>(size));
    REQUIRE(size == 0);
    entries.push_back(std::move(seen));
  }
  REQUIRE(status == ARCHIVE_EOF);
  return entries;
}

}  // namespace

TEST_CASE("What goes into a tar archive comes out of it, root's and without a time") {
  const std::string large(3'000'000, '\xff');
  const std::string odd = std::string(120, 'n') + "/日本 -'\"";
  const TarFile files[] = {{.path = "supervisor", .bytes = large, .mode = 0555},
                           {.path = "empty", .bytes = "", .mode = 0600},
                           {.path = odd, .bytes = std::string_view("a\0b", 3)}};
  const auto tar = make_tar(files);
  REQUIRE(tar);
  const auto entries = read_tar(*tar);
  REQUIRE(entries.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    INFO(files[i].path);
    CHECK(entries[i].path == files[i].path);
    CHECK((entries[i].bytes == files[i].bytes));
    CHECK(entries[i].mode == files[i].mode);
    CHECK(entries[i].type == AE_IFREG);
    CHECK(entries[i].uid == 0);
    CHECK(entries[i].gid == 0);
    CHECK(entries[i].mtime == 0);
  }
}

TEST_CASE("A file of a tar archive may be another name of an earlier one") {
  const TarFile files[] = {{.path = "whole", .bytes = "one", .mode = 0555},
                           {.path = "name", .bytes = {}, .mode = 0555, .hard_link_to = "whole"}};
  const auto tar = make_tar(files);
  REQUIRE(tar);
  const auto entries = read_tar(*tar);
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].link.empty());
  CHECK((entries[0].bytes == "one"));
  CHECK(entries[1].path == "name");
  CHECK(entries[1].link == "whole");
}

TEST_CASE("The same files make the same bytes, on every machine and day") {
  const TarFile files[] = {{.path = "a", .bytes = "one"}, {.path = "b", .bytes = "two", .mode = 0755}};
  const auto once = make_tar(files);
  const auto again = make_tar(files);
  REQUIRE(once);
  REQUIRE(again);
  CHECK((*once == *again));
  CHECK(once->size() % 512 == 0);
  CHECK(read_tar(*make_tar({})).empty());
}

}  // namespace tar_test
