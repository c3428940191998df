// B01: hard links in a build's context.
#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/builds/build_context.hpp"
#include "support/context_folder.hpp"

namespace context_links_test {

using namespace dind;
namespace fs = std::filesystem;

namespace {

using Context = tests::ContextFolder;

template <typename See>
void each_entry_of(const ContextRequest& request, const See& see) {
  const auto begun = begin_context(request);
  REQUIRE(begun);
  REQUIRE(collect_context(request, *begun));
  const std::unique_ptr<archive, int (*)(archive*)> tar(archive_read_new(), archive_read_free);
  archive_read_support_format_all(tar.get());
  REQUIRE(::lseek(begun->tar->fd, 0, SEEK_SET) == 0);
  REQUIRE(archive_read_open_fd(tar.get(), begun->tar->fd, 65536) == ARCHIVE_OK);
  for (archive_entry* entry = nullptr; archive_read_next_header(tar.get(), &entry) == ARCHIVE_OK;)
    see(tar.get(), entry);
}

}  // namespace

TEST_CASE("B01: a file with several hard links is in the context once; its other names are links to it") {
  const Context folder;
  const auto project = folder.path / "workspace/project";
  const std::string text(1000, 'x');
  fs::create_directories(project / "a-out");
  fs::create_directories(project / "sub");
  folder.write("a-out/ü", text);
  folder.write("Dockerfile", "FROM x");
  fs::create_hard_link(project / "a-out/ü", project / "sub/b");
  fs::create_hard_link(project / "a-out/ü", project / "z");
  fs::create_hard_link(project / "Dockerfile", project / "zz-named-too");
  const auto links = [&](std::map<std::string, std::string>& owners) {
    ContextRequest request{.root = folder.workspace(), .path = "project", .dockerfile = "FROM x"};
    request.hide_dockerfile = false;  // the folder's Dockerfile is then the last entry
    request.max_bytes = 1500;
    std::map<std::string, std::string> found;
    std::vector<std::string> seen;
    each_entry_of(request, [&](archive* tar, archive_entry* entry) {
      const std::string name = archive_entry_pathname(entry);
      const char* link = archive_entry_hardlink(entry);
      found[name] = link == nullptr ? "" : link;
      if (link != nullptr) {
        CHECK(std::ranges::find(seen, link) != seen.end());  // only to an earlier entry
        owners[name] = archive_entry_uname(entry);
      } else if (archive_entry_filetype(entry) == AE_IFREG) {
        std::string content(static_cast<std::size_t>(archive_entry_size(entry)), 0);
        archive_read_data(tar, content.data(), content.size());
        const bool has_text = name == "a-out/ü" || name == "sub/b";
        if (name != ".dockerignore") CHECK((content == (has_text ? text : "FROM x")));
      }
      seen.push_back(name);
    });
    return found;
  };
  std::map<std::string, std::string> owners, changed;
  auto found = links(owners);
  CHECK(found["a-out/ü"].empty());
  CHECK(found["sub/b"] == "a-out/ü");
  CHECK(found["z"] == "a-out/ü");
  CHECK(found.contains("Dockerfile"));
  CHECK(found["Dockerfile"].empty());
  CHECK(found["zz-named-too"].empty());
  // A pattern that ignores the first name does not ignore the other names.
  folder.write(".dockerignore", "a-out\n");
  found = links(changed);
  CHECK_FALSE(found.contains("a-out/ü"));
  CHECK(found["z"] == "sub/b");
  CHECK(changed["z"] == owners["z"]);
}

TEST_CASE("B01: the header of a hard link changes if the content of the file changes") {
  const Context folder;
  const auto project = folder.path / "workspace/project";
  const auto owner_of_link = [&] {
    const ContextRequest request{.root = folder.workspace(), .path = "project", .dockerfile = "FROM x"};
    std::string owner;
    each_entry_of(request, [&](archive*, archive_entry* entry) {
      if (archive_entry_hardlink(entry) != nullptr) owner = archive_entry_uname(entry);
    });
    CHECK(owner.size() == 30);
    return owner;
  };
  folder.write("a", std::string(200'000, 'x'));
  fs::create_hard_link(project / "a", project / "b");
  const auto first = owner_of_link();
  folder.write("a", std::string(199'999, 'x') + "y");
  CHECK(owner_of_link() != first);
  folder.write("a", std::string(200'000, 'x'));
  CHECK(owner_of_link() == first);
}

}  // namespace context_links_test
