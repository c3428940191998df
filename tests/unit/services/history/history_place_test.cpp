#include "services/history/history_place.hpp"

#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>

#include "support/temp_folder.hpp"

namespace history_place_test {

using namespace dind;

TEST_CASE("If file descriptors run out, the error of opening the history names their limit") {
  for (const auto problem : {std::errc::too_many_files_open, std::errc::too_many_files_open_in_system}) {
    const auto failure = place_failure("/somewhere/history.db", std::make_error_code(problem));
    CHECK(failure.remedy.contains("ulimit -n"));
  }
  CHECK(place_failure("/somewhere/history.db", std::make_error_code(std::errc::permission_denied)).remedy.empty());
}

TEST_CASE("The history's file and folder are private, whatever the umask is") {  // R16
  for (const mode_t mask : {0777, 0277, 0700, 0400, 0000}) {
    CAPTURE(mask);
    const tests::TempFolder folder;
    const auto file = folder.path / "state/dind-executor/history.db";
    const mode_t before = ::umask(mask);
    const auto problem = make_history_file(file.string());
    ::umask(before);
    CHECK_FALSE(problem);
    struct stat status{};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    REQUIRE(::stat(file.parent_path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);
    REQUIRE(::stat(file.parent_path().parent_path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0700) == 0700);
  }
}

}  // namespace history_place_test
