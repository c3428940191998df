#include "sandbox/plan/planner.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "languages/recipe.hpp"
#include "sandbox/supervision/frames.hpp"

namespace planner_test {

using namespace dind;
using namespace dind::sandbox;
using namespace std::string_literals;

namespace {

RunSpec source(std::string file_name, std::string text) {
  return {.program = SourceProgram{.file_name = std::move(file_name), .text = std::move(text), .language = {}}};
}
RunSpec command(std::variant<std::vector<std::string>, std::string> what,
                std::optional<std::string> image = "tools:1") {
  return {.program = CommandProgram{std::move(what)}, .image = std::move(image)};
}
Result<RunPlan> plan(const RunSpec& spec, const std::map<std::string, std::string>& images = {}) {
  return make_plan(spec, Limits{}, images, "run-1");
}
void check_refused(const RunSpec& spec, std::string_view part, ErrorCode code = ErrorCode::invalid_request) {
  const auto made = plan(spec);
  REQUIRE_FALSE(made);
  INFO(made.error().message);
  CHECK(made.error().code == code);
  CHECK(made.error().message.contains(part));
}

}  // namespace

TEST_CASE("A source program becomes a file, and gets the command and environment of its recipe") {
  struct Expected {
    std::string file, language;
    std::vector<std::string> argv;
    std::map<std::string, std::string> env;
  };
  const std::map<std::string, std::string> usual{{"HOME", "/tmp"},
                                                 {"LANG", "C.UTF-8"},
                                                 {"PYTHONUNBUFFERED", "1"},
                                                 {"npm_config_fetch_retries", "0"},
                                                 {"npm_config_update_notifier", "false"},
                                                 {"PIP_RETRIES", "0"},
                                                 {"UV_HTTP_RETRIES", "0"},
                                                 {"CARGO_NET_RETRY", "0"},
                                                 {"BUNDLE_RETRY", "0"}};
  auto python = usual;
  python.insert({{"PYTHONDONTWRITEBYTECODE", "1"}});
  const Expected cases[] = {
      {"hello.py", "python", {"python3", "/sandbox/hello.py", "a", "-b"}, python},
      {"hello.mjs", "javascript", {"node", "/sandbox/hello.mjs", "a", "-b"}, usual},
      {"hello.sh", "shell", {"bash", "/sandbox/hello.sh", "a", "-b"}, usual},
  };
  for (const auto& [file, language, argv, env] : cases) {
    INFO(file);
    auto spec = source(file, "the text\0of it"s);
    spec.args = {"a", "-b"};
    const auto made = plan(spec);
    REQUIRE(made);
    CHECK(made->run_id == "run-1");
    CHECK(made->name == file);
    CHECK(made->language == language);
    CHECK(made->argv == argv);
    CHECK(made->env == env);
    CHECK(made->working_dir == "/sandbox");
    CHECK(made->files == std::vector<RunFile>{{"/sandbox/" + file, "the text\0of it"s, 0644}});
    CHECK(made->images == languages::find_recipe(language)->images);
    CHECK(made->network == Network::none);
    CHECK(made->limits == Limits{});
  }
}

TEST_CASE("Every recipe makes a plan, and a snippet without a file name gets the recipe's default name") {
  for (const auto& recipe : languages::recipes()) {
    INFO(recipe.id);
    RunSpec spec{.program = SourceProgram{.file_name = "", .text = "x", .language = recipe.id}};
    const auto made = plan(spec);
    REQUIRE(made);
    CHECK(made->files.front().path == "/sandbox/" + recipe.default_file);
    CHECK(std::ranges::count(made->argv, "/sandbox/" + recipe.default_file) == 1);
    CHECK_FALSE(made->images.empty());
  }
}

TEST_CASE("A network that is limited to single hosts is refused, because it is not supported") {
  auto spec = source("a.py", "x");
  spec.network = Network::only({"pypi.org"});
  const auto made = make_plan(spec, Limits{}, {}, "r");
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::invalid_request);
  CHECK(made.error().message.contains("single hosts"));
}

TEST_CASE("A plan has the limits, the network and the caller's variables, which override the defaults") {
  auto spec = source("a.py", "x");
  spec.network = Network::internet;
  spec.env = {{"HOME", "/elsewhere"}, {"NEW", "line\nline"}, {"EMPTY", ""}};
  Limits limits;
  limits.pids = 7;
  const auto made = make_plan(spec, limits, {}, "r");
  REQUIRE(made);
  CHECK(made->limits.pids == 7);
  CHECK(made->network == Network::internet);
  CHECK(made->env.at("HOME") == "/elsewhere");
  CHECK(made->env.at("NEW") == "line\nline");
  CHECK(made->env.at("EMPTY").empty());
  CHECK(made->env.at("LANG") == "C.UTF-8");
}

TEST_CASE("The image comes from the request, else from the operator, else from the recipe") {
  auto spec = source("a.py", "x");
  CHECK(plan(spec, {{"python", "ours:1"}})->images == std::vector<std::string>{"ours:1"});
  CHECK(plan(spec, {{"shell", "ours:1"}})->images == languages::find_recipe("python")->images);
  spec.image = "mine:2";
  CHECK(plan(spec, {{"python", "ours:1"}})->images == std::vector<std::string>{"mine:2"});
  spec.image = "";
  check_refused(spec, "image's name is empty");
}

TEST_CASE("A command's argv is passed on unchanged, and a command line runs in the image's shell") {
  const auto argv = plan(command(std::vector<std::string>{"printf", "%s", "", "a b"}));
  REQUIRE(argv);
  CHECK(argv->argv == std::vector<std::string>{"printf", "%s", "", "a b"});
  CHECK(argv->name == "printf %s  a b");
  CHECK(argv->images == std::vector<std::string>{"tools:1"});
  CHECK(argv->language.empty());
  CHECK(argv->files.empty());
  CHECK(argv->working_dir.empty());  // the image decides

  const auto line = plan(command("echo $HOME | wc -c"));
  REQUIRE(line);
  CHECK(line->argv == std::vector<std::string>{"/bin/sh", "-c", "echo $HOME | wc -c"});
  CHECK(line->name == "echo $HOME | wc -c");
}

TEST_CASE("A command without an image, or without a program to run, is refused") {
  check_refused(command("ls", std::nullopt), "needs an image");
  check_refused(command("ls", ""), "needs an image");
  check_refused(command(""), "command is empty");
  CHECK(plan(command(std::vector<std::string>{})));  // the image's own command (B08)
  check_refused(command(std::vector<std::string>{"", "x"}), "command is empty");
}

TEST_CASE("A file name that could leave its folder is refused") {
  for (const std::string name : {"../a.py", "/etc/a.py", "a/b.py", "./a.py", "..", "."}) {
    INFO(name);
    check_refused({.program = SourceProgram{.file_name = name, .text = "x", .language = "python"}}, "plain name");
  }
  check_refused({.program = SourceProgram{.file_name = "a\0b.py"s, .text = "x", .language = "python"}}, "plain name");
  check_refused(source(std::string(253, 'a') + ".py", "x"), "255 bytes");
  CHECK(plan(source(std::string(252, 'a') + ".py", "x")));
}

TEST_CASE("A file name that looks like an option or a shell command is used as a plain name") {
  for (const std::string name :
       {"-c.py", "--help.py", "$(id).py", "a b.py", "quote'\".py", "new\nline.py", "日本.py", ".hidden.py"}) {
    INFO(name);
    const auto made = plan(source(name, "x"));
    REQUIRE(made);
    // The path is absolute and one argument, so no interpreter reads it as an option.
    CHECK(made->argv == std::vector<std::string>{"python3", "/sandbox/" + name});
    CHECK(made->files.front().path == "/sandbox/" + name);
  }
}

TEST_CASE("A program that is empty, too large or in an unknown language is refused") {
  check_refused(source("a.py", ""), "a.py is empty");
  check_refused(source("a.py", std::string(kMaxFileBytes + 1, 'x')), "16 MiB is the max");
  CHECK(plan(source("a.py", std::string(kMaxFileBytes, 'x'))));
  check_refused(source("a.cob", "x"), ".cob", ErrorCode::unsupported_language);
  check_refused({.program = SourceProgram{.file_name = "a.py", .text = "x", .language = "cobol"}}, "cobol",
                ErrorCode::unsupported_language);
}

TEST_CASE("A variable that no program can receive is refused") {
  const auto with = [](std::string name, std::string value) {
    auto spec = source("a.py", "x");
    spec.env[std::move(name)] = std::move(value);
    return spec;
  };
  check_refused(with("", "x"), "variable's name");
  check_refused(with("A=B", "x"), "variable's name");
  check_refused(with("=A", "x"), "variable's name");
  check_refused(with("A\0B"s, "x"), "variable's name");
  check_refused(with("A\nB", "x"), "variable's name");
  check_refused(with("A", "x\0y"s), "A holds a NUL byte");
  CHECK(plan(with("A", "=x=y")));
}

TEST_CASE("An argument with a NUL byte is refused, in a command and in a program's arguments") {
  check_refused(command(std::vector<std::string>{"echo", "a\0b"s}), "NUL byte");
  check_refused(command("echo a\0b"s), "NUL byte");
  auto spec = source("a.py", "x");
  spec.args = {"a\0b"s};
  check_refused(spec, "NUL byte");
}

TEST_CASE("Arguments and environment are refused only above the size that the supervisor accepts") {
  auto spec = source("a.py", "x");
  spec.env["BIG"] = std::string(supervision::kMaxJobBytes, 'x');
  check_refused(spec, "Pass large data on stdin");
  spec.env.clear();
  // Linux accepts each of them (P17); only their sum can exceed the limit.
  for (int i = 0; i < 8; ++i)
    spec.env["BIG" + std::to_string(i)] = std::string(supervision::kMaxJobBytes / 8 - 1024, 'x');
  CHECK(plan(spec));
  for (int i = 0; i < 8; ++i) spec.env["BIG" + std::to_string(i)] += std::string(800, 'x');
  check_refused(spec, "1 MiB is the max");
  spec.env.clear();
  spec.args.assign(supervision::kMaxJobBytes / 4, "");  // an empty argument still needs 4 bytes in the job
  check_refused(spec, "1 MiB is the max");
}

TEST_CASE("A command with a language gets the image, environment and installer of that language") {
  RunSpec spec{.program =
                   CommandProgram{.command = std::vector<std::string>{"python3", "-m", "tool"}, .language = "py"}};
  auto made = plan(spec);
  REQUIRE(made);
  CHECK(made->language == "python");
  CHECK(made->images == languages::find_recipe("python")->images);
  CHECK(made->env.at("PYTHONUNBUFFERED") == "1");
  CHECK(made->argv == std::vector<std::string>{"python3", "-m", "tool"});
  CHECK(plan(spec, {{"python", "mine:1"}})->images == std::vector<std::string>{"mine:1"});
  spec.dependencies = {"six"};
  made = plan(spec);
  REQUIRE(made);
  REQUIRE(made->dependencies);
  CHECK(made->dependencies->argv.back() == "six");
  spec.image = "own:1";
  CHECK(plan(spec)->images == std::vector<std::string>{"own:1"});
  spec.program = CommandProgram{.command = std::string("x"), .language = "cobol"};
  check_refused(spec, "cobol", ErrorCode::unsupported_language);
  spec.program = CommandProgram{.command = std::string("x"), .language = "shell"};
  check_refused(spec, "no installer");
}

TEST_CASE("A command without a language may have images in order of preference") {
  RunSpec spec{.program = CommandProgram{.command = std::string("make"), .language = {}, .images = {"a:1", "b:1"}}};
  CHECK(plan(spec)->images == std::vector<std::string>{"a:1", "b:1"});
  spec.image = "c:1";
  CHECK(plan(spec)->images == std::vector<std::string>{"c:1"});
}

TEST_CASE("A writable folder must be a plain relative path, and needs a run with a workspace") {
  auto spec = command("x");
  spec.writable_folder = "session/project";
  check_refused(spec, "writable folder");
  spec.workspace = WorkspaceAccess::read_write;
  REQUIRE(plan(spec));
  CHECK(plan(spec)->writable_folder == "session/project");
  for (const auto* wrong : {"/abs", "a/", "a//b", ".", "..", "a/../b", "./a", "a/.", "a\nb", "/"}) {
    INFO(wrong);
    spec.writable_folder = wrong;
    check_refused(spec, "writable folder");
  }
}

TEST_CASE("The notes of a frontend are in the notes of the plan") {
  auto spec = command("x");
  spec.notes = {"a note"};
  CHECK(plan(spec)->notes == std::vector<std::string>{"a note"});
}

TEST_CASE("P16: a byte order mark is removed, and a program that has only the mark is empty") {
  const auto made = plan(source("a.sh", "\xEF\xBB\xBFset -e\n"));
  REQUIRE(made);
  CHECK(made->files.front().bytes == "set -e\n");
  check_refused(source("a.sh", "\xEF\xBB\xBF"), "is empty");
}

TEST_CASE("P05: argv has the options of the #! line, and a note names an interpreter that is not used") {
  auto spec = source("a.py", "#!/usr/bin/env -S python3 -O\n");
  spec.args = {"x"};
  CHECK(plan(spec)->argv == std::vector<std::string>{"python3", "-O", "/sandbox/a.py", "x"});
  spec = source("a.py", "#!/usr/bin/env pypy3\n");
  spec.notes = {"first"};
  const auto notes = plan(spec)->notes;
  REQUIRE(notes.size() == 2);
  CHECK(notes[0] == "first");
  CHECK(notes[1].contains("pypy3"));
}

TEST_CASE("P17: a string that is too long for execve is refused with its name, its size and the limit") {
  const std::string most(131'071, 'a');
  RunSpec line{.program = CommandProgram{most}, .image = "image"};
  CHECK(plan(line));
  line.program = CommandProgram{most + "a"};
  check_refused(line, "The command has 131072 bytes; Linux passes at most 131071");
  RunSpec words{.program = CommandProgram{std::vector<std::string>{"echo", "b" + most}}, .image = "image"};
  check_refused(words, "Argument 1 (\"baaa");
  auto args = source("a.py", "x");
  args.args = {most};
  CHECK(plan(args));
  args.args = {most + "a"};
  check_refused(args, "131072 bytes");
  auto variable = source("a.py", "x");
  variable.env["NAME"] = most.substr(5);
  CHECK(plan(variable));
  variable.env["NAME"] = most.substr(4);
  check_refused(variable, "The environment variable NAME has 131072 bytes");
}

TEST_CASE("P13: Python output is unbuffered in every run, also if the language is unknown") {
  const RunSpec built{.program = BuildProgram{.dockerfile = "FROM an-image\n"}};
  auto line = command("python3 x.py");
  for (const auto& spec : {source("x.py", "1"), source("x.sh", "1"), line, built})
    CHECK(plan(spec)->env.at("PYTHONUNBUFFERED") == "1");
  line.env = {{"PYTHONUNBUFFERED", ""}};
  CHECK(plan(line)->env.at("PYTHONUNBUFFERED").empty());
}

TEST_CASE("P10: installers do not retry in a run without a network, unless the caller sets retries") {
  auto spec = source("x.js", "1");
  CHECK(plan(spec)->env.at("npm_config_fetch_retries") == "0");
  spec.env = {{"npm_config_fetch_retries", "3"}};
  CHECK(plan(spec)->env.at("npm_config_fetch_retries") == "3");
  spec.env.clear();
  spec.network = Network::internet;
  for (const auto* name : {"npm_config_fetch_retries", "PIP_RETRIES", "CARGO_NET_RETRY"})
    CHECK_FALSE(plan(spec)->env.contains(name));
}

TEST_CASE("P11: git trusts every repository of a workspace, whichever user owns it") {
  auto spec = source("x.sh", "git describe");
  CHECK_FALSE(plan(spec)->env.contains("GIT_CONFIG_COUNT"));
  spec.workspace = WorkspaceAccess::read_only;
  const auto made = plan(spec);
  CHECK(made->env.at("GIT_CONFIG_COUNT") == "1");
  CHECK(made->env.at("GIT_CONFIG_KEY_0") == "safe.directory");
  CHECK(made->env.at("GIT_CONFIG_VALUE_0") == "*");
}

}  // namespace planner_test
