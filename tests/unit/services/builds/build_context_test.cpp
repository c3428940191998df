#include "services/builds/build_context.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include "services/builds/ignore_rules.hpp"
#include "support/context_folder.hpp"

namespace build_context_test {

using namespace dind;
namespace fs = std::filesystem;

namespace {

using Context = tests::ContextFolder;

struct Made : BuildContext {
  std::vector<std::string> notes;
};
Result<Made> make_context(const ContextRequest& request, const std::stop_token& stop = {}) {
  auto begun = begin_context(request);
  if (!begun) return std::unexpected(begun.error());
  auto collected = collect_context(request, *begun, stop);
  if (!collected) return std::unexpected(collected.error());
  return Made{std::move(*begun), std::move(collected->notes)};
}

template <typename See>
void each_entry(const BuildContext& context, const See& see) {
  const std::unique_ptr<archive, int (*)(archive*)> tar(archive_read_new(), archive_read_free);
  archive_read_support_format_all(tar.get());
  REQUIRE(::lseek(context.tar->fd, 0, SEEK_SET) == 0);
  REQUIRE(archive_read_open_fd(tar.get(), context.tar->fd, 65536) == ARCHIVE_OK);
  for (archive_entry* entry = nullptr; archive_read_next_header(tar.get(), &entry) == ARCHIVE_OK;)
    see(tar.get(), entry);
}

// Name → content ("→target" for a link, "/" for a folder).
std::map<std::string, std::string> entries(const BuildContext& context) {
  std::map<std::string, std::string> found;
  each_entry(context, [&](archive* tar, archive_entry* entry) {
    std::string name = archive_entry_pathname(entry);
    std::string content;
    if (archive_entry_filetype(entry) == AE_IFDIR) {
      if (name.ends_with('/')) name.pop_back();
      content = "/";
    } else if (archive_entry_filetype(entry) == AE_IFLNK) {
      content = std::string("→") + archive_entry_symlink(entry);
    } else {
      content.resize(static_cast<std::size_t>(archive_entry_size(entry)));
      REQUIRE(archive_read_data(tar, content.data(), content.size()) == static_cast<la_ssize_t>(content.size()));
    }
    found[name] = content;
  });
  return found;
}

void check_refused(const ContextRequest& request, const std::string& message) {
  const auto made = make_context(request);
  REQUIRE(!made);
  INFO(made.error().message);
  CHECK(made.error().message.contains(message));
}

}  // namespace

TEST_CASE("A build context has the folder's files and links, and the Dockerfile under a generated name") {
  const Context folder;
  folder.write("app.py", "print(1)");
  folder.write("sub/日本語 name.txt", "text");
  folder.write("Dockerfile", "FROM another");
  fs::create_symlink("/etc/passwd", folder.path / "workspace/project/link");
  REQUIRE(::mkfifo((folder.path / "workspace/project/pipe").c_str(), 0600) == 0);
  const auto made = make_context({.root = folder.workspace(), .path = "project", .dockerfile = "FROM x"});
  REQUIRE(made);
  auto found = entries(*made);
  CHECK(found[made->dockerfile] == "FROM x");
  CHECK(made->dockerfile.starts_with(".dockerfile."));
  CHECK(found[".dockerignore"] == "\n" + made->dockerfile + "\n.dockerignore\n");
  CHECK(found["app.py"] == "print(1)");
  CHECK(found["sub"] == "/");
  CHECK(found["sub/日本語 name.txt"] == "text");
  CHECK(found["link"] == "→/etc/passwd");
  CHECK(found["Dockerfile"] == "FROM another");
  CHECK(!found.contains("pipe"));
  CHECK(made->notes.size() == 1);
}

TEST_CASE("A context reports its files as they are written, and its Dockerfile and its end only after end()") {
  const Context folder;
  folder.write("a", std::string(3 << 20, 'x'));
  const ContextRequest request{.root = folder.workspace(), .path = "project", .dockerfile = "FROM the-image"};
  const auto begun = begin_context(request);
  REQUIRE(begun);
  std::atomic<int> changes = 0;
  begun->tar->on_change([&] { ++changes; });
  CHECK(begun->tar->length().bytes == 0);
  std::optional<Result<CollectedContext>> collected;
  std::jthread([&] { collected = collect_context(request, *begun); }).join();
  REQUIRE(*collected);
  CHECK(changes >= 2);
  struct stat status{};
  REQUIRE(::fstat(begun->tar->fd, &status) == 0);
  CHECK((*collected)->bytes == status.st_size);
  const auto sent = begun->tar->length();
  CHECK(!sent.whole);
  CHECK(sent.bytes >= 2 << 20);
  std::string written(static_cast<std::size_t>(status.st_size), 0);
  REQUIRE(::pread(begun->tar->fd, written.data(), written.size(), 0) == status.st_size);
  CHECK(written.contains("FROM the-image"));
  CHECK(!written.substr(0, static_cast<std::size_t>(sent.bytes)).contains("FROM the-image"));
  begun->tar->end((*collected)->bytes);
  CHECK(begun->tar->length().whole);
  CHECK(begun->tar->length().bytes == status.st_size);
}

TEST_CASE("A context gets no Dockerfile and no end if its collection fails") {
  const Context folder;
  folder.write("a", std::string(3 << 20, 'x'));
  folder.write("b", std::string(3 << 20, 'y'));
  const ContextRequest request{
      .root = folder.workspace(), .path = "project", .dockerfile = "FROM x", .max_bytes = (3 << 20) + 1};
  const auto begun = begin_context(request);
  REQUIRE(begun);
  REQUIRE(!collect_context(request, *begun));
  struct stat status{};
  REQUIRE(::fstat(begun->tar->fd, &status) == 0);
  CHECK(status.st_size == begun->tar->length().bytes);
  CHECK(status.st_size < 4 << 20);
}

TEST_CASE("A stop request cancels the collection of a context") {
  const Context folder;
  folder.write("app.py", "print(1)");
  std::stop_source stop;
  stop.request_stop();
  const auto made =
      make_context({.root = folder.workspace(), .path = "project", .dockerfile = "FROM x"}, stop.get_token());
  REQUIRE(!made);
  CHECK(made.error().code == ErrorCode::cancelled);
}

TEST_CASE("For BuildKit, the folder's Dockerfile keeps its name, and another one gets a generated name") {  // B03
  const Context folder;
  folder.write("app.py", "print(1)");
  const auto made_of = [&](const std::string& text) {
    return make_context({.root = folder.workspace(), .path = "project", .dockerfile = text, .hide_dockerfile = false});
  };
  const auto alone = made_of("FROM x");
  REQUIRE(alone);
  CHECK(alone->dockerfile.starts_with(".dockerfile."));
  CHECK(!entries(*alone).contains("Dockerfile"));
  folder.write("Dockerfile", "FROM another");
  const auto other = made_of("FROM x");
  REQUIRE(other);
  CHECK(other->dockerfile == alone->dockerfile);  // the same name, so that the builder's cache is used
  CHECK(entries(*other)["Dockerfile"] == "FROM another");
  CHECK(entries(*other)[other->dockerfile] == "FROM x");
  const auto own = made_of("FROM another");
  REQUIRE(own);
  CHECK(own->dockerfile == "Dockerfile");
  CHECK(entries(*own) == std::map<std::string, std::string>{{"Dockerfile", "FROM another"}, {"app.py", "print(1)"}});
}

TEST_CASE("A context keeps the times and modes of files, folders and links") {  // B01
  const Context folder;
  folder.write("old.txt", "x");
  folder.write("folder/run.sh", "x");
  folder.write("kept/below/wanted", "x");
  folder.write(".dockerignore", "kept\n!kept/below/wanted");
  const auto project = folder.path / "workspace/project";
  fs::create_symlink("old.txt", project / "link");
  REQUIRE(::chmod((project / "folder/run.sh").c_str(), 04751) == 0);
  REQUIRE(::chmod((project / "kept").c_str(), 0711) == 0);
  std::time_t next = 86'400;  // dates soon after 1970 are valid, too
  const auto date = [&](const char* name) {
    next += 100'000'000;
    const timespec times[] = {{.tv_sec = next, .tv_nsec = 999'999'999}, {.tv_sec = next, .tv_nsec = 999'999'999}};
    REQUIRE(::utimensat(AT_FDCWD, (project / name).c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
    return next;
  };
  std::map<std::string, std::time_t> times;
  for (const char* name :
       {"old.txt", "folder/run.sh", "kept/below/wanted", ".dockerignore", "link", "kept/below", "kept", "folder"})
    times[name] = date(name);
  for (const bool hide : {true, false}) {
    const auto made =
        make_context({.root = folder.workspace(), .path = "project", .dockerfile = "FROM x", .hide_dockerfile = hide});
    REQUIRE(made);
    std::map<std::string, std::time_t> seen;
    std::map<std::string, mode_t> modes;
    each_entry(*made, [&](archive*, archive_entry* entry) {
      std::string name = archive_entry_pathname(entry);
      if (name.ends_with('/')) name.pop_back();
      seen[name] = archive_entry_mtime(entry);
      modes[name] = archive_entry_perm(entry);
    });
    CHECK(std::time(nullptr) - seen[made->dockerfile] < 600);  // BuildKit can copy it with the other files
    seen.erase(made->dockerfile);
    CHECK(seen == times);
    CHECK(modes["folder/run.sh"] == 04751);
    CHECK(modes["kept"] == 0711);
  }
}

TEST_CASE("A Dockerfile's own .dockerignore takes precedence over the folder's .dockerignore") {  // B04
  const Context folder;
  folder.write("a.txt", "x");
  folder.write("b.log", "x");
  folder.write(".dockerignore", "*.log\n");
  ContextRequest request{.root = folder.workspace(), .path = "project", .dockerfile = "FROM x"};
  const auto has = [&](const char* name) {
    const auto made = make_context(request);
    REQUIRE(made);
    return entries(*made).contains(name);
  };
  for (const bool hide : {true, false}) {
    request.hide_dockerfile = hide;
    request.dockerfile_name.clear();
    request.ignore.reset();
    CHECK((has("a.txt") && !has("b.log")));
    folder.write("Dockerfile.dockerignore", "*.txt\n");
    CHECK((!has("a.txt") && has("b.log") && has("Dockerfile.dockerignore")));
    request.dockerfile_name = "docker/Other";
    CHECK((has("a.txt") && !has("b.log")));
    folder.write("docker/Other.dockerignore", "*.txt\n");
    CHECK((!has("a.txt") && has("b.log")));
    fs::remove(folder.path / "workspace/project/docker/Other.dockerignore");
    request.ignore = "a*";
    CHECK((!has("a.txt") && has("b.log")));
    request.ignore = "";
    CHECK((has("a.txt") && has("b.log")));
    request.ignore = "x\n[";
    check_refused(request, "Line 2 of docker/Other.dockerignore");
    fs::remove(folder.path / "workspace/project/Dockerfile.dockerignore");
  }
  // The classic builder reads .dockerignore, so that file must hide the Dockerfile, whatever else it contains.
  request = {
      .root = folder.workspace(), .path = "project", .dockerfile = "FROM x", .dockerfile_name = "O", .ignore = ""};
  for (const char* text : {"*.log", "[", ".dockerignore", "*"}) {
    folder.write(".dockerignore", text);
    const auto made = make_context(request);
    REQUIRE(made);
    const auto rules = IgnoreRules::parse(entries(*made)[".dockerignore"], ".dockerignore");
    INFO(text);
    REQUIRE(rules);
    CHECK(rules->ignored(made->dockerfile));
    CHECK(rules->ignored(".dockerignore") == (text == std::string("[")));
  }
}

TEST_CASE("A context leaves out the files that .dockerignore names, but not its exceptions") {
  const Context folder;
  folder.write(".dockerignore", "secret\n*.log\n!keep.log\ndeep\n!deep/wanted\n");
  for (const char* name : {"secret/key", "a.log", "keep.log", "deep/wanted/x", "deep/other/x", "app.py"})
    folder.write(name, "x");
  const auto made = make_context({.root = folder.workspace(), .path = "project", .dockerfile = "FROM x"});
  REQUIRE(made);
  auto found = entries(*made);
  for (const char* gone : {"secret", "secret/key", "a.log", "deep/other/x"}) {
    INFO(gone);
    CHECK(!found.contains(gone));
  }
  for (const char* there : {"keep.log", "deep/wanted/x", "app.py"}) {
    INFO(there);
    CHECK(found.contains(there));
  }
  CHECK(found[".dockerignore"].starts_with("secret\n*.log\n"));
  CHECK(found[".dockerignore"].ends_with("\n" + made->dockerfile + "\n"));
}

TEST_CASE("A .dockerignore that cannot be read is an error") {
  const Context folder;
  fs::create_symlink("elsewhere", folder.path / "workspace/project/.dockerignore");
  check_refused({.root = folder.workspace(), .path = "project", .dockerfile = "FROM x"}, ".dockerignore");
  fs::remove(folder.path / "workspace/project/.dockerignore");
  fs::create_directory(folder.path / "workspace/project/.dockerignore");
  check_refused({.root = folder.workspace(), .path = "project", .dockerfile = "FROM x"}, ".dockerignore");
}

TEST_CASE("A context without a folder has only the Dockerfile and a .dockerignore") {
  const auto made = make_context({.root = "", .path = "", .dockerfile = "FROM x"});
  REQUIRE(made);
  CHECK(entries(*made).size() == 2);
}

TEST_CASE("A context folder outside the workspace is rejected") {
  const Context folder;
  fs::create_directories(folder.path / "outside");
  fs::create_directory_symlink(folder.path / "outside", folder.path / "workspace/link");
  fs::create_directory_symlink("../../outside", folder.path / "workspace/project/up");
  const auto at = [&](std::string path) {
    return ContextRequest{.root = folder.workspace(), .path = std::move(path), .dockerfile = "FROM x"};
  };
  check_refused(at(".."), "leads out of the workspace");
  check_refused(at("project/../../outside"), "leads out of the workspace");
  check_refused(at("/etc"), "leads out of the workspace");
  check_refused(at("link"), "leads out of the workspace");
  check_refused(at("project/up"), "leads out of the workspace");
  check_refused(at("nothing"), "relative to the workspace");
  check_refused({.root = "", .path = "project", .dockerfile = "FROM x"}, "no workspace is set");
  CHECK(make_context(at("project/../project")));
  // B05: an absolute path is allowed if it leads into the workspace.
  CHECK(make_context(at(folder.workspace() + "/project")));
  CHECK(make_context(at(folder.workspace())));
  CHECK(make_context(
      {.root = folder.workspace() + "/", .path = folder.workspace() + "/project", .dockerfile = "FROM x"}));
  check_refused(at(folder.workspace() + "/../outside"), "leads out of the workspace");
  check_refused(at(folder.workspace() + "-other"), "leads out of the workspace");
}

TEST_CASE("A context with too many bytes or files is rejected, and the error says what to do") {
  const Context folder;
  folder.write("a", std::string(2000, 'x'));
  folder.write("b", "x");
  ContextRequest request{.root = folder.workspace(), .path = "project", .dockerfile = "FROM x"};
  request.max_bytes = 2000;
  check_refused(request, ".dockerignore");
  request.max_bytes = 2001;
  CHECK(make_context(request));
  request.max_files = 1;
  check_refused(request, "more than 1 files");
}

}  // namespace build_context_test
