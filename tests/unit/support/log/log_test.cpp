#include "support/log/log.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "support/log_file.hpp"

namespace log_test {

using namespace dind;
using dind::tests::LogFile;
using nlohmann::json;

namespace {

SecretMask key(std::string value) { return SecretMask(std::map<std::string, std::string>{{"KEY", std::move(value)}}); }

}  // namespace

TEST_CASE("A text line of the log has time, level, process, run and message") {
  const LogFile file({.level = LogLevel::info});
  log(LogLevel::info, "one");
  log(LogLevel::error, "two", "r1");
  log(LogLevel::debug, "not asked for");
  const auto lines = file.lines();
  REQUIRE(lines.size() == 2);
  const auto pid = std::to_string(getpid());
  const std::string time = R"(^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z )";
  CHECK(std::regex_match(lines[0], std::regex(time + "info " + pid + " one$")));
  CHECK(std::regex_match(lines[1], std::regex(time + "error " + pid + " run=r1 two$")));
}

TEST_CASE("A JSON line of the log has the same fields as a text line") {
  const LogFile file({.level = LogLevel::debug, .format = LogFormat::json});
  log(LogLevel::warning, "say \"\\n\" \n \x9b \u202e é", "r1");
  log(LogLevel::debug, "no run");
  const auto lines = file.lines();
  REQUIRE(lines.size() == 2);
  const auto first = json::parse(lines[0]);
  CHECK(first.size() == 5);
  CHECK(std::regex_match(first["time"].get<std::string>(), std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)")));
  CHECK(first["level"] == "warning");
  CHECK(first["pid"] == getpid());
  CHECK(first["run"] == "r1");
  CHECK(first["message"] == "say \"\\n\" \\x0a \\x9b \\u202e é");
  const auto second = json::parse(lines[1]);
  CHECK(second["message"] == "no run");
  CHECK_FALSE(second.contains("run"));
}

TEST_CASE("The time of a log line is in UTC") {
  const LogFile file({.format = LogFormat::json});
  const auto now = [] {
    const auto seconds = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    return std::string(text);
  };
  const auto before = now();
  log(LogLevel::error, "x");
  const auto after = now();
  const auto time = json::parse(file.lines().at(0))["time"].get<std::string>();
  CHECK(time.substr(0, before.size()) >= before);
  CHECK(time.substr(0, after.size()) <= after);
}

TEST_CASE("A malformed run id stays in its field and on its line") {
  for (const auto format : {LogFormat::text, LogFormat::json}) {
    const LogFile file({.format = format});
    log(LogLevel::error, "x", "a\n\"b\" \x1b[0m" + std::string(500, 'y'));
    const auto lines = file.lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].size() < 300);
    if (format == LogFormat::json)
      CHECK(json::parse(lines[0])["run"].get<std::string>().starts_with("a\\x0a\"b\" \\x1b"));
  }
}

TEST_CASE("A long log message is cut between two characters") {
  const LogFile file({.format = LogFormat::json});
  for (std::size_t more = 0; more < 4; ++more) {
    std::string text(8190 + more, 'x');
    for (int i = 0; i < 5; ++i) text += "😀";
    log(LogLevel::error, text);
  }
  for (const auto& line : file.lines()) {
    const auto message = json::parse(line)["message"].get<std::string>();
    CHECK(message.ends_with("…"));
    CHECK(message.size() <= (8 << 10) + 3);
    CHECK_FALSE(message.contains("\\x"));
  }
}

TEST_CASE("The level off logs nothing, and each other level includes the higher ones") {
  for (const auto& [level, count] : std::initializer_list<std::pair<LogLevel, std::size_t>>{{LogLevel::debug, 4},
                                                                                            {LogLevel::info, 3},
                                                                                            {LogLevel::warning, 2},
                                                                                            {LogLevel::error, 1},
                                                                                            {LogLevel::off, 0}}) {
    const LogFile file({.level = level});
    for (const auto each : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::off})
      log(each, "x");
    CHECK(file.lines().size() == count);
  }
}

TEST_CASE("Files are rotated at their size limit, and the oldest is removed") {
  const LogFile file({.max_bytes = 1000, .files = 3});
  for (int i = 100; i < 200; ++i) log(LogLevel::error, std::to_string(i) + std::string(97, 'x'));
  std::size_t count = 0;
  std::string all;
  for (const char* name : {"log.2.txt", "log.1.txt", "log.txt"}) {
    const auto path = file.folder() / name;
    REQUIRE(std::filesystem::exists(path));
    CHECK(std::filesystem::file_size(path) <= 1000);
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    std::ifstream in(path);
    for (std::string line; std::getline(in, line); ++count) all += line;
  }
  CHECK(std::distance(std::filesystem::directory_iterator(file.folder()), {}) == 3);
  // The files have the newest lines, in order and without a gap.
  CHECK(count >= 12);
  std::size_t at = 0;
  for (std::size_t i = 200 - count; i < 200; ++i) {
    at = all.find(std::to_string(i) + "xxx", at);
    CHECK(at != std::string::npos);
  }
}

TEST_CASE("A single file is emptied when it is full") {
  const LogFile file({.max_bytes = 300, .files = 1});
  for (int i = 0; i < 20; ++i) log(LogLevel::error, std::string(100, 'x'));
  CHECK(std::distance(std::filesystem::directory_iterator(file.folder()), {}) == 1);
  CHECK(std::filesystem::file_size(file.folder() / "log.txt") <= 300);
}

TEST_CASE("New log lines are appended to an existing file") {
  const LogFile file({});
  log(LogLevel::error, "first");
  REQUIRE(set_up_log({.file = file.path()}));
  log(LogLevel::error, "second");
  CHECK(file.lines().size() == 2);
}

TEST_CASE("Only the owner can read a log file with any umask, even after a rotation") {  // R16
  const LogFile file({});
  const mode_t before = ::umask(0777);
  const auto path = file.folder() / "other.txt";
  const auto set = set_up_log({.file = path.string(), .max_bytes = 300, .files = 2});
  for (int i = 0; i < 6; ++i) log(LogLevel::error, std::string(100, 'x'));
  ::umask(before);
  REQUIRE(set);
  for (const char* name : {"other.txt", "other.1.txt"}) {
    struct stat status{};
    REQUIRE(::stat((file.folder() / name).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
}

TEST_CASE("A log file that can't be written gives an error that names it") {
  const LogFile file({});
  const auto set = set_up_log({.file = "/nowhere/at/all/log.txt"});
  CHECK_FALSE(std::filesystem::exists("/nowhere"));
  REQUIRE_FALSE(set);
  CHECK(set.error().message.contains("/nowhere/at/all/log.txt"));
  CHECK(set.error().message.contains("No such file"));
  const auto folder = set_up_log({.file = file.folder().string()});
  REQUIRE_FALSE(folder);
  CHECK(folder.error().message.contains("directory"));
}

TEST_CASE("Log lines do not contain a run's secrets during the run and for some time after it") {
  const LogFile file({.format = LogFormat::json});
  const SecretMask secrets({{"API_TOKEN", "tok\"en\\4711"}, {"KEY", "first line\nsecond line"}, {"PIN", "1"}});
  const auto say = [] {
    log(LogLevel::error, "plain tok\"en\\4711", "other");
    log(LogLevel::error, R"(in JSON {"a":"tok\"en\\4711"})");
    log(LogLevel::error, "of lines: first line second line");
  };
  {
    const LogMask hidden(secrets);
    say();
  }
  say();
  auto lines = file.lines();
  REQUIRE(lines.size() == 6);
  for (const auto& line : lines) {
    const auto message = json::parse(line)["message"].get<std::string>();
    INFO(message);
    CHECK(message.contains("•••"));
    CHECK_FALSE(message.contains("4711"));
    CHECK_FALSE(message.contains("first line"));
    CHECK_FALSE(message.contains("second line"));
  }
  for (int i = 0; i < 64; ++i) const LogMask other(key("another " + std::to_string(i)));
  log(LogLevel::error, "tok\"en\\4711");
  CHECK(json::parse(file.lines().back())["message"] == "tok\"en\\4711");  // no longer the secret of a run
}

TEST_CASE("A value that two runs hide stays hidden until both have ended") {
  const LogFile file({});
  const auto secrets = key("shared-secret");
  const LogMask mine(secrets);
  {
    const LogMask other(secrets);
  }
  for (int i = 0; i < 100; ++i) const LogMask more(key("another " + std::to_string(i)));
  log(LogLevel::error, "it is shared-secret");
  CHECK(file.lines().back().ends_with("it is •••"));
}

TEST_CASE("Values can be hidden forever, and very short values are not hidden") {
  const LogFile file({});
  hide_in_log({"", "x", "a-registry-password"});
  log(LogLevel::error, "x is no a-registry-password, twice: a-registry-password");
  CHECK(file.lines().back().ends_with(" x is no •••, twice: •••"));
}

TEST_CASE("Log lines do not contain text that looks like a credential") {
  const LogFile file({});
  log(LogLevel::error, "https://me:pa55word@x/ and Authorization: Bearer 0815");
  CHECK(file.lines().back().ends_with("https://•••@x/ and Authorization: •••"));
}

TEST_CASE("Names of log levels and formats are parsed") {
  CHECK(parse_log_level("debug") == LogLevel::debug);
  CHECK(parse_log_level("off") == LogLevel::off);
  CHECK_FALSE(parse_log_level("loud"));
  CHECK_FALSE(parse_log_level(""));
  CHECK(parse_log_format("json") == LogFormat::json);
  CHECK_FALSE(parse_log_format("xml"));
}

TEST_CASE("Lines are written fast with very many hidden secrets, and each secret is hidden") {  // S05
  const LogFile file({});
  std::map<std::string, std::string> env;
  for (int i = 0; i < 1000; ++i) env["K" + std::to_string(i) + "_KEY"] = "secret-value-" + std::to_string(i) + "-end";
  env["LINES_KEY"] = "first line of it\nsecond line of it";
  const SecretMask secrets(env);
  std::deque<LogMask> runs;
  for (int i = 0; i < 60; ++i) runs.emplace_back(secrets);
  for (int i = 0; i < 3000; ++i)
    log(LogLevel::error,
        "a secret-value-" + std::to_string(i % 1000) + "-end and secret-value-999-endsecret-value-1-end");
  log(LogLevel::error, "first line of it second line of it");
  const auto lines = file.lines();
  REQUIRE(lines.size() == 3001);
  for (const auto& line : lines)
    if (line.contains("secret-value") || line.contains("line of it")) FAIL_CHECK(line);
  CHECK(lines[7].ends_with(" a ••• and ••••••"));
}

TEST_CASE("Secrets that overlap are hidden together") {
  const LogFile file({});
  const SecretMask secrets({{"A_KEY", "abcdef"}, {"B_KEY", "defghijkl"}, {"C_KEY", "abcdefgh"}, {"D_KEY", "ghij"}});
  const LogMask hidden(secrets);
  log(LogLevel::error, "x abcdefghijkl y abcdef z defghij w");
  CHECK(file.lines().back().ends_with(" x ••• y ••• z defghij w"));
}

TEST_CASE("The secrets of ended runs take a bounded amount of memory") {  // S05
  const LogFile file({});
  {
    const LogMask first(key("the-first-secret"));
  }
  for (int i = 0; i < 9; ++i) const LogMask large(key(std::to_string(i) + std::string(1 << 19, 'k')));
  log(LogLevel::error, "the-first-secret");
  CHECK(file.lines().back().ends_with(" the-first-secret"));  // no longer the secret of a run
}

}  // namespace log_test
