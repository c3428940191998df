#include "sandbox/run/run_notes.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include "sandbox/run/exec_error.hpp"

namespace run_notes_test {

using namespace dind;
using namespace dind::sandbox;

TEST_CASE("P24: the note about a full disk names its path, its size and the remedy") {
  supervision::ExitReport report{.code = 1};
  CHECK(full_disk_note(report, Limits{}, Verdict::failed, Terms::fields).empty());
  report.disk_full = supervision::kShmFull;
  CHECK(full_disk_note(report, Limits{}, Verdict::disk_limit, Terms::fields)
            .starts_with("/dev/shm was full at its end (64 MiB"));
  report.disk_full = supervision::kTmpFull | supervision::kRunFolderFull;
  CHECK(full_disk_note(report, Limits{}, Verdict::ok, Terms::fields).starts_with("/tmp, /sandbox were full"));
  report.disk_full = supervision::kVolumeFull;
  const auto of_volume = full_disk_note(report, Limits{}, Verdict::disk_limit, Terms::fields, "/data\n, x");
  CHECK(of_volume.starts_with("/data\\x0a, x (a VOLUME of the image) was full at its end (64 MiB"));
  CHECK(of_volume.contains("allow more (\"limits.tmp\", at most"));
  CHECK(full_disk_note(report, Limits{}, Verdict::ok, Terms::flags)
            .contains("allow more (--tmp, at most the operator's limits.max.tmp)"));
  CHECK(full_disk_note(report, Limits{}, Verdict::ok, Terms::settings).contains("the setting dind.tmp"));
  report.disk_full = 0;
  CHECK(full_disk_note(report, Limits{}, Verdict::disk_limit, Terms::fields).contains("256 MiB"));
}

TEST_CASE("P03: a note of one line names the files that were discarded with the sandbox") {
  CHECK(left_files_note({}, Terms::fields).empty());
  CHECK(left_files_note({.count = 1, .names = {"result.txt"}}, Terms::fields)
            .starts_with("1 file that the program wrote was discarded: result.txt"));
  const auto many = left_files_note({.count = 30, .names = {"b", "a\nb", "\x1b[2J"}}, Terms::fields);
  CHECK(many.starts_with("30 files that the program wrote were discarded: "));
  CHECK(many.contains(", …"));
  // I19
  CHECK(many.ends_with("keeps files: \"workspace\": \"readWrite\")"));
  CHECK(left_files_note({.count = 1, .names = {"a"}}, Terms::flags).ends_with("keeps files: --workspace DIR)"));
  CHECK(
      left_files_note({.count = 1, .names = {"a"}}, Terms::settings).ends_with("keeps files: Run Workspace in DinD)"));
  CHECK_FALSE(many.contains('\n'));
  CHECK_FALSE(many.contains('\x1b'));
}

TEST_CASE("B10: a note names the folder in memory that hides content of the image") {
  for (const char* path : {"/tmp", "/tmp/app", "/dev/shm/x", "/sandbox/app.py"})
    CHECK(hidden_content_note(path).contains("is an empty folder in memory"));
  for (const char* path : {"", "/", "/tmpl", "/app/tmp", "/sandbox.d/x"}) CHECK(hidden_content_note(path).empty());
  RunPlan plan{.run_id = "r", .argv = {"./app"}, .image_dir = "/tmp/build"};
  CHECK(not_executable(plan, "i", ENOENT).message.contains("/tmp is an empty folder"));
  CHECK(hidden_content_note(plan).contains("/tmp is an empty folder"));
  plan.argv = {"app"};
  CHECK_FALSE(not_executable(plan, "i", ENOENT).message.contains("empty folder"));
  plan = {.run_id = "r", .argv = {"/tmp/app"}};
  CHECK(not_executable(plan, "i", ENOENT).message.contains("/tmp is an empty folder"));
  plan.argv = {"./app"};
  CHECK_FALSE(not_executable(plan, "i", ENOENT).message.contains("empty folder"));
}

}  // namespace run_notes_test
