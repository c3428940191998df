// R16: with any umask, only the owner can use the files and folders that dind-executor creates.
#include "support/io/private_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "support/temp_folder.hpp"

namespace private_files_test {

using namespace dind;
namespace fs = std::filesystem;

namespace {

class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(before_); }

 private:
  mode_t before_;
};

mode_t mode_of(const fs::path& path) {
  struct stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("Only the owner can enter a private folder, and the owner can enter its parents") {
  for (const mode_t mask : {0000, 0022, 0077, 0277, 0400, 0700, 0777}) {
    CAPTURE(mask);
    const tests::TempFolder folder;
    const fs::path path = folder.path / "a/b/c";
    {
      const Umask umask(mask);
      CHECK_FALSE(make_private_folder(path.string() + "/"));
      CHECK_FALSE(make_private_folder(path.string()));
    }
    CHECK(mode_of(path) == 0700);
    const mode_t above = (0777 & ~mask) | 0700;
    CHECK(mode_of(folder.path / "a") == above);
    CHECK(mode_of(folder.path / "a/b") == above);
  }
}

TEST_CASE("An existing folder keeps its mode, and a file in its place is an error") {
  const tests::TempFolder folder;
  fs::create_directory(folder.path / "own");
  ::chmod((folder.path / "own").c_str(), 0755);
  CHECK_FALSE(make_private_folder((folder.path / "own").string()));
  CHECK(mode_of(folder.path / "own") == 0755);
  std::ofstream(folder.path / "file") << 'x';
  CHECK(make_private_folder((folder.path / "file/below").string()) == std::errc::not_a_directory);
  CHECK_FALSE(make_private_folder(""));
}

TEST_CASE("A new private file has mode 0600, and an existing file keeps its mode") {
  for (const mode_t mask : {0000, 0077, 0277, 0400, 0777}) {
    CAPTURE(mask);
    const tests::TempFolder folder;
    const auto file = (folder.path / "file").string();
    const Umask umask(mask);
    for (const mode_t mode : {0600, 0640}) {
      const int fd = open_private(file, O_WRONLY | O_CLOEXEC);
      REQUIRE(fd >= 0);
      ::close(fd);
      CHECK(mode_of(file) == mode);
      ::chmod(file.c_str(), 0640);
    }
    CHECK(open_private(file, O_WRONLY | O_EXCL | O_CLOEXEC) == -1);
    fs::create_symlink("new", folder.path / "link");
    const int fd = open_private((folder.path / "link").string(), O_WRONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    ::close(fd);
  }
}

}  // namespace private_files_test
