#include "support/io/named_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <fstream>
#include <thread>

#include "support/temp_folder.hpp"

namespace named_file_test {

using namespace dind;
using namespace std::chrono_literals;

namespace {

std::string what_of(const std::string& path, FileKind kind = FileKind::any, std::size_t most = 1000) {
  const auto text = read_named_file(path, kind, most);
  REQUIRE_FALSE(text);
  CHECK_FALSE(text.error().what.contains('\n'));
  return text.error().what;
}

}  // namespace

TEST_CASE("A named file is read completely, or the error says why not") {  // R07
  const tests::TempFolder folder;
  const auto path = [&](const char* name) { return (folder.path / name).string(); };
  const auto write = [&](const char* name, const std::string& text) { std::ofstream(path(name)) << text; };
  write("whole", std::string("a\0b\n\xff", 5));
  CHECK(read_named_file(path("whole")) == std::string("a\0b\n\xff", 5));
  write("empty", "");
  CHECK(read_named_file(path("empty")) == "");
  write("most", std::string(1000, 'x'));
  CHECK(read_named_file(path("most"), FileKind::regular, 1000)->size() == 1000);

  write("large", std::string(1001, 'x'));
  CHECK(what_of(path("large")).contains("larger than 1000 B"));
  CHECK(what_of(folder.path).contains("a directory"));
  CHECK(what_of(path("none")) == "can't be read (No such file or directory)");
  CHECK(what_of(path("whole") + "/below").contains("Not a directory"));
  CHECK(read_named_file(path("none")).error().missing);
  CHECK_FALSE(read_named_file(folder.path).error().missing);
  ::symlink("loop", path("loop").c_str());
  CHECK(what_of(path("loop")).contains("symbolic links"));
  CHECK(what_of(path("whole") + std::string("\0x", 2)).contains("NUL"));
  CHECK(what_of("/dev/zero").contains("larger"));
  CHECK(what_of("/dev/zero", FileKind::regular).contains("not a file"));
  CHECK(what_of("/proc/self/mem").contains("Input/output error"));
  CHECK(read_named_file("/dev/null", FileKind::any) == "");
  CHECK(read_named_file("/proc/self/status")->contains("VmRSS"));  // stat() gives the size 0
}

TEST_CASE("A pipe is read if its bytes arrive within 2 s") {  // R07
  const tests::TempFolder folder;
  const auto path = (folder.path / "pipe").string();
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK(what_of(path, FileKind::regular).contains("not a file"));
  CHECK(what_of(path).contains("nothing is written"));

  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const auto of_shell = "/dev/fd/" + std::to_string(ends[0]);  // as the shell names <(command)
  std::jthread writer([end = ends[1]] {
    REQUIRE(::write(end, "tok", 3) == 3);
    std::this_thread::yield();
    REQUIRE(::write(end, "en\n", 3) == 3);
    ::close(end);
  });
  CHECK(read_named_file(of_shell, FileKind::any) == "token\n");
  writer.join();
  ::close(ends[0]);

  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const auto before = std::chrono::steady_clock::now();
  CHECK(what_of("/dev/fd/" + std::to_string(ends[0])).contains("within 2 s"));
  CHECK(std::chrono::steady_clock::now() - before < 20s);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace named_file_test
