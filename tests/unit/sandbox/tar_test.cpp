#include "sandbox/tar.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdio>
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

TEST_CASE("A tar archive keeps content and mode, and stores root as owner and no time") {
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

TEST_CASE("A tar archive can have a hard link to an earlier file") {
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

TEST_CASE("B02: the entries of a folder are found in an engine's tar archive, also with non-ASCII names") {
  // Like the engine, writes a pax header with the name in UTF-8 before each entry.
  const auto block = [](const std::string& name, char kind, const std::string& bytes, const std::string& link = {}) {
    std::string header(512, '\0');
    const auto put = [&](std::size_t at, const std::string& text) { header.replace(at, text.size(), text); };
    put(0, name);
    put(100, "0000755");
    put(108, "0000000");
    put(116, "0000000");
    put(124, std::string(8, '0') + std::to_string(bytes.size() / 8) + std::to_string(bytes.size() % 8));
    header[135] = '\0';
    put(136, "00000000000");
    put(148, "        ");
    header[156] = kind;
    put(157, link);
    put(257, std::string("ustar\0"
                         "00",
                         8));
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "%06o", sum);
    put(148, std::string(text.data(), 6) + std::string("\0 ", 2));
    return header + bytes + std::string((512 - bytes.size() % 512) % 512, '\0');
  };
  const auto entry = [&](const std::string& name, char kind, const std::string& link = {}) {
    std::string records;
    for (const auto& [key, value] : {std::pair<std::string, std::string>("path", name), {"linkpath", link}}) {
      const auto size = key.size() + value.size() + 6;  // two digits, a space, an equals sign and a line end
      if (!value.empty()) records += std::to_string(size - 1) + " " + key + "=" + value + "\n";
    }
    return block("PaxHeader", 'x', records) + block("plain", kind, "", link.empty() ? "" : "plain");
  };
  const std::string end(1024, '\0');
  for (const std::string name : {"folder-abc/", "日本語-é/"}) {
    INFO(name);
    CHECK_FALSE(tar_of_folder_has_entries(entry(name, '5') + end));
    CHECK(tar_of_folder_has_entries(entry(name, '5') + entry(name + "ö", '0') + end));
    CHECK_FALSE(tar_of_folder_has_entries(entry(name, '2', "elsewhere") + end));
    const auto link = first_in_tar(entry(name, '2', "/日本/語-é") + end, 0);
    REQUIRE(link);
    CHECK(link->link == "/日本/語-é");
  }
}

TEST_CASE("The same files always give the same bytes of a tar archive") {
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
