#include "frontends/cli/report.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "frontends/cli/live_report.hpp"

namespace report_test {

using namespace dind;
using namespace dind::frontends::cli;
using nlohmann::json;

namespace {

GarbageReport two_items(bool dry_run) {
  GarbageReport report{.dry_run = dry_run, .items = {}};
  GarbageItem image;
  image.kind = GarbageItem::Kind::image;
  image.name = "old:1";
  image.reason = "unused for 9 days";
  image.bytes = 2 << 20;
  image.removed = !dry_run;
  GarbageItem volume;
  volume.kind = GarbageItem::Kind::volume;
  volume.name = "v\x1b[31m";
  volume.reason = "of a run that ended";
  volume.error = dry_run ? "" : "it is in use";
  report.items = {image, volume};
  return report;
}

}  // namespace

TEST_CASE("The report shows why garbage could not be removed, and the command fails") {
  const auto report = two_items(false);
  const auto text = garbage_text(report, false);
  CHECK(text.contains("removed   image"));
  CHECK(text.contains("kept      volume"));
  CHECK(text.contains("→ it is in use"));
  CHECK(text.ends_with("1 thing removed, 2 MiB freed\n"));
  CHECK_FALSE(text.contains('\x1b'));
  CHECK(garbage_exit_code(report) == 1);
}

TEST_CASE("The report of a dry run says what would be removed") {
  const auto report = two_items(true);
  CHECK(garbage_text(report, false).contains("2 things would be removed, 2 MiB freed"));
  CHECK(garbage_exit_code(report) == 0);
  const auto as_json = json::parse(garbage_text(report, true));
  CHECK(as_json["dryRun"] == true);
  CHECK(as_json["freedBytes"] == 2 << 20);
  CHECK(as_json["items"].size() == 2);
  CHECK(garbage_text({}, false) == "Nothing to remove\n");
}

TEST_CASE("The list of languages is printed as a table or as JSON") {
  const std::vector<LanguageSummary> languages = language_list();
  REQUIRE_FALSE(languages.empty());
  const auto as_json = json::parse(languages_text(languages, true));
  CHECK(as_json.size() == languages.size());
  CHECK(as_json[0]["id"] == languages[0].id);
  CHECK(languages_text(languages, false).starts_with("LANGUAGE     EXTENSIONS        IMAGE\n"));
}

TEST_CASE("A live run is found by its id or by a unique prefix of it") {
  std::vector<LiveRun> runs(3);
  runs[0].run_id = "abc";
  runs[1].run_id = "abd";
  runs[2].run_id = "ab";
  CHECK(find_live_run(runs, "abc") == 0);
  CHECK(find_live_run(runs, "abd") == 1);
  CHECK(find_live_run(runs, "ab") == 2);  // the complete id of one run
  CHECK(find_live_run(runs, "a").error().code == ErrorCode::invalid_request);
  CHECK(find_live_run(runs, "x").error().code == ErrorCode::not_found);
  CHECK(live_runs_text({}, 0, false) == "No run is under way\n");
}

}  // namespace report_test
