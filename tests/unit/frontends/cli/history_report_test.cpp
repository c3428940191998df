#include "frontends/cli/history_report.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

namespace history_report_test {

using namespace dind;
using namespace dind::frontends::cli;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

HistoryRecord record() {
  HistoryRecord made{.id = "0123456789abcdef", .run_id = "r1", .user = "me", .frontend = "lsp", .owner = "o"};
  made.state = HistoryState::finished;
  made.spec.program = SourceProgram{.file_name = "a.py", .text = "x", .language = "python"};
  made.spec.caller.client = "lsp:1";
  made.spec.dependencies = {"requests>=2", "flask"};
  made.spec.workspace = WorkspaceAccess::read_only;
  made.spec.working_dir = "/workspaces/sub";
  made.spec.isolation = Isolation::gvisor;
  made.spec.pull = PullPolicy::always;
  made.spec.total_timeout = 90s;
  made.started = HistoryStarted{.name = "a.py", .language = "python", .image = "python:3"};
  made.end.emplace();
  made.end->result.emplace();
  RunResult& result = *made.end->result;
  result.verdict = Verdict::failed;
  result.image = "python:3";
  result.image_id = "sha256:1d";
  result.image_digest = "sha256:d1";
  result.isolation = "gvisor";
  result.stage = Stage::dependencies;
  result.builder = "buildkit";
  made.end->out = {"head\n", "tail\n", 2048};
  return made;
}

}  // namespace

TEST_CASE("The report of a recorded run shows its whole request and its result") {
  const auto text = history_run_text(record(), false);
  for (const char* line : {"who           me, lsp, client lsp:1\n", "dependencies  requests>=2, flask\n",
                           "workspace     readOnly\n", "working dir   /workspaces/sub\n", "isolation     gvisor\n",
                           "pull          always\n", "in all        1 min 30 s\n", "image id      sha256:1d\n",
                           "digest        sha256:d1\n", "ended in      the stage dependencies\n",
                           "builder       buildkit\n", "\nstdout:\nhead\n… 2 KiB not kept …\ntail\n"}) {
    INFO(line << "in\n" << text);
    CHECK(text.contains(line));
  }
  const auto value = json::parse(history_run_text(record(), true));
  CHECK(value["client"] == "lsp:1");
  CHECK(value["dependencies"] == json{"requests>=2", "flask"});
  CHECK(value["workspace"] == "readOnly");
  CHECK(value["workingDir"] == "/workspaces/sub");
  CHECK(value["isolation"] == "gvisor");
  CHECK(value["pull"] == "always");
  CHECK(value["totalTimeoutMs"] == 90'000);
  CHECK(value["result"]["stage"] == "dependencies");
  CHECK(value["result"]["builder"] == "buildkit");
  CHECK(value["result"]["imageDigest"] == "sha256:d1");
  CHECK(value["stdout"]["leftOutBytes"] == 2048);
}

TEST_CASE("A value that was not requested is null in JSON and has no line in the text") {
  HistoryRecord plain{.id = "1", .run_id = "1", .user = "me", .frontend = "cli", .owner = "o"};
  plain.spec.program = SourceProgram{.file_name = "a.py", .text = "x", .language = {}};
  const auto text = history_run_text(plain, false);
  for (const char* title : {"client", "dependencies", "workspace", "working dir", "isolation", "pull", "in all",
                            "digest", "ended in", "builder"}) {
    INFO(title << " in\n" << text);
    CHECK_FALSE(text.contains(title));
  }
  const auto value = json::parse(history_run_text(plain, true));
  for (const char* key :
       {"client", "workspace", "workspaceFolder", "workingDir", "isolation", "pull", "totalTimeoutMs", "result"})
    CHECK(value[key].is_null());
  CHECK(value["dependencies"] == json::array());
}

TEST_CASE("P30: a progress bar is shown in its last state, and terminal escape sequences are removed") {
  const auto shown = [](std::string head, std::string tail = "", std::size_t left_out = 0) {
    auto made = record();
    made.end->out = {std::move(head), std::move(tail), left_out};
    const auto text = history_run_text(made, false);
    const std::string title = "\nstdout:\n";
    return text.substr(text.find(title) + title.size());
  };
  std::string bar;
  for (int percent = 0; percent <= 100; ++percent)
    bar += "\r\x1b[32m" + std::string(static_cast<std::size_t>(percent) / 5, '#') + " " + std::to_string(percent) +
           "%\x1b[0m";
  CHECK(shown(bar + "\ndone\n") == std::string(20, '#') + " 100%\ndone\n");
  struct Case {
    std::string written, seen;
  };
  const Case cases[] = {
      {"a\r\nb\r\n", "a\nb\n"},                               // Windows line ends
      {"a\r\r\nb\n", "a\nb\n"},                               // a doubled CR
      {"first\nold\rnew\nlast", "first\nnew\nlast\n"},        // CR affects one line only
      {"\x1b[1;31mred\x1b[0m \x1b[Kplain\n", "red plain\n"},  // colours, and the sequence that clears a line
      {"\x1b]0;title\x07text\n", "text\n"},
      {"\x1b]0;no end\nnext\n", "\nnext\n"},  // removes only its own line
      {"50%\r", "50%\n"},
      {"tab\tand \x01 \x7f\n", "tab\tand ? ?\n"},
      {"\xc3\xa9 \xff \xc2\x85\n", "\xc3\xa9 ? \n"},
      {"\xc2\x9b"
       "1;31mred\xc2\x9b"
       "0m\n",
       "red\n"},  // CSI as one character
      {"\x1b", ""},
  };
  for (const auto& [written, seen] : cases) {
    INFO(json(written).dump(-1, ' ', true, json::error_handler_t::replace));
    CHECK(shown(written) == seen);
  }
  CHECK(shown("10%\r20%", "90%\r100%\n", 2048) == "20%\n… 2 KiB not kept …\n100%\n");
}

}  // namespace history_report_test
