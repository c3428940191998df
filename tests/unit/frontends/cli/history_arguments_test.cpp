#include <catch2/catch_test_macros.hpp>

#include "frontends/cli/command_line.hpp"

namespace history_arguments_test {

using namespace dind;
using namespace dind::frontends::cli;
using namespace std::chrono_literals;

namespace {

using Action = HistoryArguments::Action;

HistoryArguments history_of(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "history");
  auto line = parse(std::move(arguments), "1");
  if (!line) FAIL(line.error().message);
  REQUIRE(std::holds_alternative<HistoryArguments>(line->command));
  return std::get<HistoryArguments>(line->command);
}

}  // namespace

TEST_CASE("The command history without an action lists the runs") {
  CHECK(history_of({}).action == Action::list);
  CHECK(history_of({}).limit == 20);
  const auto list = history_of({"list", "-n", "3", "--json"});
  CHECK(list.action == Action::list);
  CHECK(list.limit == 3);
  CHECK(list.json);
  CHECK(parse({"history", "list", "--host", "tcp://x:1"}, "1")->host == "tcp://x:1");
}

TEST_CASE("The commands history show and history rerun take an ID, and rerun takes options of the new run") {
  const auto show = history_of({"show", "ab"});
  CHECK(show.action == Action::show);
  CHECK(show.id == "ab");
  const auto again = history_of({"rerun", "ab", "-e", "A=1", "--env", "B=x=y", "--stdin", "f", "-q", "--", "--x", ""});
  CHECK(again.action == Action::rerun);
  CHECK(again.id == "ab");
  CHECK(again.env == std::map<std::string, std::string>{{"A", "1"}, {"B", "x=y"}});
  CHECK(again.stdin_file == "f");
  CHECK(again.quiet);
  CHECK(again.args == std::vector<std::string>{"--x", ""});
  CHECK_FALSE(history_of({"rerun", "ab"}).args);           // the recorded arguments
  CHECK(history_of({"rerun", "ab", "--"}).args->empty());  // no arguments
}

TEST_CASE("The command history prune reads which runs to remove") {
  const auto prune = history_of({"prune", "--keep", "0", "--older-than", "7d", "--dry-run"});
  CHECK(prune.action == Action::prune);
  CHECK(prune.keep == 0);
  CHECK(prune.older_than == 7 * 24h);
  CHECK(prune.dry_run);
  CHECK_FALSE(prune.all);
  CHECK(history_of({"prune", "--all"}).all);
}

TEST_CASE("A wrong history command is refused in one line that does not show a variable's value") {
  const std::vector<std::vector<std::string>> wrong = {{"show"},
                                                       {"rerun"},
                                                       {"show", ""},
                                                       {"list", "--limit", "x"},
                                                       {"list", "--", "a"},
                                                       {"--", "a"},
                                                       {"show", "a", "b"},
                                                       {"prune", "--keep", "-1"},
                                                       {"prune", "--all", "--keep", "1"},
                                                       {"prune", "--run", "a", "--all"},
                                                       {"prune", "--client", "a", "--all"},
                                                       {"prune", "--all", "--user", "a"},
                                                       {"prune", "--run", "a", "--client", "b"},
                                                       {"prune", "--run", "a", "--user", "b"},
                                                       {"prune", "--client", "a", "--user", "b"},
                                                       {"prune", "--older-than", ""},
                                                       {"rerun", "a", "--env", "secretvalue"},
                                                       {"forget"}};
  for (auto arguments : wrong) {
    arguments.insert(arguments.begin(), "history");
    const auto line = parse(arguments, "1");
    INFO(arguments.back());
    REQUIRE_FALSE(line);
    CHECK_FALSE(line.error().message.contains('\n'));
    CHECK_FALSE(line.error().message.contains("secretvalue"));
  }
}

}  // namespace history_arguments_test
