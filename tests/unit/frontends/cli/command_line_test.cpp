#include "frontends/cli/command_line.hpp"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include "support/ids.hpp"

namespace arguments_test {

using namespace dind;
using namespace dind::frontends::cli;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

RunArguments run_of(std::vector<std::string> arguments) {
  auto line = parse(std::move(arguments), "1.2.3");
  if (!line) FAIL(line.error().message);
  REQUIRE(std::holds_alternative<RunArguments>(line->command));
  return std::get<RunArguments>(line->command);
}

std::string text_of(std::vector<std::string> arguments) {
  auto line = parse(std::move(arguments), "1.2.3");
  if (!line) FAIL(line.error().message);
  REQUIRE(std::holds_alternative<ShowText>(line->command));
  return std::get<ShowText>(line->command).text;
}

}  // namespace

TEST_CASE("A run of only a file leaves all options at their defaults") {
  const auto run = run_of({"run", "hello.py"});
  CHECK(run.file == "hello.py");
  CHECK_FALSE(run.language);
  CHECK_FALSE(run.image);
  CHECK(run.args.empty());
  CHECK_FALSE(run.limits.timeout);
  CHECK(run.network == Network::none);
  CHECK_FALSE(run.json);
}

TEST_CASE("P22: a file whose name begins with a dash is never read as an option") {
  struct Place {
    fs::path before = fs::current_path();
    fs::path path = fs::temp_directory_path() / ("dind-arguments-" + random_id());
    Place() {
      fs::create_directories(path);
      fs::current_path(path);
    }
    ~Place() {
      fs::current_path(before);
      fs::remove_all(path);
    }
  } const place;
  const char* names[] = {"-t.py", "-h.py", "-q.py", "-n.py", "-i.sh", "-r.txt", "-e.py", "--json.py", "--x.js"};
  for (const std::string name : names) {
    INFO(name);
    std::ofstream(place.path / name) << "x";
    for (const auto& words : {std::vector<std::string>{"run", name},
                              {"run", "--image", "i", name, "--", "a"},
                              {"run", "a.py", "--stdin", name},
                              {"run", "--with-requirements", name, "a.py"},
                              {"run", "--dockerfile", name},
                              {"serve", "--token-file", name}}) {
      const auto refused = parse(words, "1");
      REQUIRE_FALSE(refused);
      CHECK(refused.error().message.contains("./" + name));
      CHECK_FALSE(refused.error().message.contains('\n'));
    }
    CHECK(run_of({"run", "./" + name}).file == "./" + name);
    CHECK(run_of({"run", "a.py", "--", name}).args == std::vector<std::string>{name});
  }
  // A file that does not exist, and option values that only look like file names.
  CHECK(parse({"run", "-n.js"}, "1").error().message.contains("./-n.js"));
  CHECK(run_of({"run", "--with=zope.interface", "-m1.5g", "-idebian:12.5", "a.py"}).dependencies.front() ==
        "zope.interface");
  CHECK_FALSE(parse({"run", "a.py", "-t1.5", "--tiemout"}, "1").error().message.contains("./"));
}

TEST_CASE("The options of run are read before and after the file") {
  const auto run =
      run_of({"run",     "--language", "python",    "--image", "i:1",   "--timeout", "1.5",      "-",      "--memory",
              "64m",     "--cpus",     "0.5",       "--pids",  "9",     "--network", "internet", "--env",  "A=1",
              "--env",   "B=x=y",      "-e",        "A=2",     "--env", "C=",        "--stdin",  "in.txt", "--json",
              "--quiet", "--",         "--timeout", "9",       "",      "--",        "-h"});
  CHECK(run.file == "-");
  CHECK(run.language == "python");
  CHECK(run.image == "i:1");
  CHECK(run.limits.timeout == 1500ms);
  CHECK(run.limits.memory_bytes == 64LL << 20);
  CHECK(run.limits.cpus == 0.5);
  CHECK(run.limits.pids == 9);
  CHECK(run.network == Network::internet);
  CHECK(run.env == std::map<std::string, std::string>{{"A", "2"}, {"B", "x=y"}, {"C", ""}});
  CHECK(run.stdin_file == "in.txt");
  CHECK(run.json);
  CHECK(run.quiet);
  CHECK(run.args == std::vector<std::string>{"--timeout", "9", "", "--", "-h"});
}

TEST_CASE("An image and a command after -- need no file") {
  const auto run = run_of({"run", "--image", "alpine", "--", "ls", "-la"});
  CHECK_FALSE(run.file);
  CHECK(run.image == "alpine");
  CHECK(run.args == std::vector<std::string>{"ls", "-la"});
}

TEST_CASE("A file may have the same name as a command") { CHECK(run_of({"run", "languages"}).file == "languages"); }

TEST_CASE("The option --env takes one value and does not consume the file") {
  const auto run = run_of({"run", "--env", "A=1", "hello.py"});
  CHECK(run.file == "hello.py");
  CHECK(run.env.size() == 1);
}

TEST_CASE("Global options are accepted before and after the command") {
  for (const auto& arguments : {std::vector<std::string>{"--host", "tcp://d:1", "--log-level", "debug", "--log-format",
                                                         "json", "--log-file", "l", "doctor", "--json"},
                                std::vector<std::string>{"doctor", "--json", "--host", "tcp://d:1", "--log-level",
                                                         "debug", "--log-format", "json", "--log-file", "l"}}) {
    const auto line = parse(arguments, "1");
    REQUIRE(line);
    CHECK(line->host == "tcp://d:1");
    CHECK(line->log.level == LogLevel::debug);
    CHECK(line->log.format == LogFormat::json);
    CHECK(line->log.file == "l");
    CHECK(std::get<DoctorArguments>(line->command).json);
  }
}

TEST_CASE("The command lsp accepts the options that editors pass") {
  const auto line = parse({"lsp", "--stdio", "--clientProcessId=77"}, "1");
  REQUIRE(line);
  CHECK(std::get<LspArguments>(line->command).client_process_id == 77);
  CHECK_FALSE(std::get<LspArguments>(parse({"lsp"}, "1")->command).client_process_id);
}

TEST_CASE("E03: lsp and doctor accept --host-option, which names the source of the engine's address") {
  for (const char* command : {"lsp", "doctor"}) {
    const auto line = parse({command, "--host", "tcp://d:1", "--host-option", "the setting dind.engine.host"}, "1");
    REQUIRE(line);
    CHECK(line->host_option == "the setting dind.engine.host");
  }
  CHECK_FALSE(parse({"gc", "--host-option", "the setting dind.engine.host"}, "1"));
}

TEST_CASE("The command gc removes objects and prints text unless options say otherwise") {
  const auto gc = [](std::vector<std::string> arguments) {
    return std::get<GcArguments>(parse(std::move(arguments), "1")->command);
  };
  CHECK_FALSE(gc({"gc"}).dry_run);
  CHECK_FALSE(gc({"gc"}).json);
  CHECK(gc({"gc", "--dry-run", "--json"}).dry_run);
  CHECK(gc({"gc", "--dry-run", "--json"}).json);
}

TEST_CASE("The option --pull sets the pull policy, and without it the configuration decides") {
  CHECK_FALSE(run_of({"run", "a.py"}).pull);
  CHECK(run_of({"run", "--pull", "missing", "a.py"}).pull == PullPolicy::missing);
  CHECK(run_of({"run", "--pull=never", "a.py"}).pull == PullPolicy::never);
  CHECK(run_of({"run", "--pull", "always", "a.py"}).pull == PullPolicy::always);
  const auto wrong = parse({"run", "--pull", "sometimes", "a.py"}, "1");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message == "--pull: \"sometimes\" is not missing, never or always");
}

TEST_CASE("The option --isolation sets the isolation, and without it the configuration decides") {
  CHECK_FALSE(run_of({"run", "a.py"}).isolation);
  CHECK(run_of({"run", "--isolation", "gvisor", "a.py"}).isolation == Isolation::gvisor);
  CHECK(run_of({"run", "--isolation=runc", "a.py"}).isolation == Isolation::runc);
  const auto wrong = parse({"run", "--isolation", "runsc", "a.py"}, "1");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message == "--isolation: \"runsc\" is neither runc nor gvisor");
}

TEST_CASE("The commands languages and doctor print text unless --json is given") {
  CHECK_FALSE(std::get<LanguagesArguments>(parse({"languages"}, "1")->command).json);
  CHECK(std::get<LanguagesArguments>(parse({"languages", "--json"}, "1")->command).json);
  CHECK_FALSE(std::get<DoctorArguments>(parse({"doctor"}, "1")->command).json);
}

TEST_CASE("The option --help shows examples, defaults and exit codes, and --version shows the version") {
  CHECK(text_of({"--version"}) == "dind-executor 1.2.3\n");
  const auto overview = text_of({"--help"});
  for (const char* part : {"run", "doctor", "languages", "lsp", "Examples", "hello.py"})
    CHECK(overview.find(part) != std::string::npos);
  const auto run = text_of({"run", "--help"});
  for (const char* part :
       {"FILE|-", "--image IMAGE [-- COMMAND", "--timeout", "--network", "60 s", "124", "125", "137", "Examples"}) {
    INFO(part);
    CHECK(run.find(part) != std::string::npos);
  }
}

TEST_CASE("An invalid command line is refused in one line that names the wrong part") {
  struct Case {
    std::vector<std::string> arguments;
    std::string_view named;
  };
  const Case cases[] = {{{}, "run, languages, doctor, "},
                        {{"--"}, ""},
                        {{"fly"}, "fly"},
                        {{"run"}, "FILE"},
                        {{"run", "--"}, "FILE"},
                        {{"run", "--", "ls"}, "image"},
                        {{"run", "--image", "alpine", "--build-arg", "A=1"}, "--dockerfile"},
                        {{"run", "--target", "x", "a.py"}, "--dockerfile"},
                        {{"run", "--dockerfile", "D", "--build-arg", "=secret"}, "neither NAME=VALUE nor NAME"},
                        {{"run", "a.py", "b.py"}, "--"},
                        {{"run", "a.py", "--tiemout", "3"}, "--tiemout"},
                        {{"run", "--timeout"}, "--timeout"},
                        {{"run", "a.py", "--timeout", ""}, "--timeout"},
                        {{"run", "a.py", "--timeout", "0"}, "--timeout"},
                        {{"run", "a.py", "--timeout", "-1"}, "--timeout"},
                        {{"run", "a.py", "--timeout", "nan"}, "--timeout"},
                        {{"run", "a.py", "--timeout", "1e308"}, "--timeout"},
                        {{"run", "a.py", "--memory", "much"}, "--memory"},
                        {{"run", "a.py", "--cpus", "-1"}, "--cpus"},
                        {{"run", "a.py", "--cpus", "inf"}, "--cpus"},
                        {{"run", "a.py", "--cpus", "1x"}, "--cpus"},
                        {{"run", "a.py", "--pids", "1.5"}, "--pids"},
                        {{"run", "a.py", "--pids", "0"}, "--pids"},
                        {{"run", "a.py", "--network", "host"}, "--network"},
                        {{"run", "a.py", "--env", "A"}, "--env"},
                        {{"run", "a.py", "--env", "=1"}, "--env"},
                        {{"run", ""}, "empty"},
                        {{"run", "--language", "py", "--image", "i", "--", "ls"}, "--language"},
                        {{"doctor", "--", "x"}, "--"},
                        {{"doctor", "x"}, "x"},
                        {{"doctor", "--log-level", "loud"}, "--log-level"},
                        {{"doctor", "--log-level", ""}, "--log-level"},
                        {{"lsp", "--log-format", "xml"}, "--log-format"},
                        {{"lsp", "--log-file", ""}, "--log-file"},
                        {{"serve", "--socket", ""}, "--socket"},
                        {{"serve", "--socket", "s", "--socket-mode", "rw"}, "--socket-mode"},
                        {{"serve", "--socket-mode", "01777"}, "--socket-mode"},
                        {{"serve", "--allow-host", ""}, "--allow-host"},
                        {{"serve", "--no-token", "--token-file", "f"}, "--token-file"},
                        {{"serve", "8000"}, "8000"},
                        {{"serve", "--", "x"}, "--"},
                        {{"rpc", "x"}, "x"},
                        {{"lsp", "--clientProcessId", "x"}, "--clientProcessId"}};
  for (const auto& c : cases) {
    std::string shown;
    for (const auto& argument : c.arguments) shown += argument + ' ';
    INFO(shown);
    const auto line = parse(c.arguments, "1");
    REQUIRE_FALSE(line);
    INFO(line.error().message);
    CHECK(line.error().code == ErrorCode::invalid_request);
    CHECK(line.error().message.find(c.named) != std::string::npos);
    CHECK(line.error().message.find('\n') == std::string::npos);
  }
}

TEST_CASE("The command serve reads addresses, tokens and names, and leaves other values to the configuration") {
  const auto line =
      parse({"serve", "--listen", "127.0.0.1:8000", "--socket", "/s", "--socket-mode", "0660", "--token-file", "t",
             "--allow-host", "a", "--allow-host", "b", "--allow-origin", "https://c", "--host", "tcp://e"},
            "1");
  REQUIRE(line);
  CHECK(line->host == "tcp://e");
  const auto& serve = std::get<ServeArguments>(line->command);
  CHECK(serve.listen == "127.0.0.1:8000");
  CHECK(serve.socket == "/s");
  CHECK(serve.socket_mode == 0660);
  CHECK(serve.token_file == "t");
  CHECK_FALSE(serve.no_token);
  CHECK(serve.hosts == std::vector<std::string>{"a", "b"});
  CHECK(serve.origins == std::vector<std::string>{"https://c"});

  const auto bare = parse({"serve"}, "1");
  REQUIRE(bare);
  const auto& nothing = std::get<ServeArguments>(bare->command);
  CHECK_FALSE((nothing.listen || nothing.socket || nothing.socket_mode || nothing.token_file));
  CHECK(std::holds_alternative<RpcArguments>(parse({"rpc", "--stdio"}, "1")->command));
}

TEST_CASE("A workspace runs alone, with a command, with a file, or with one of its programs") {
  const auto alone = run_of({"run", "--workspace", "."});
  CHECK(alone.folder == ".");
  CHECK((!alone.file && alone.args.empty() && !alone.program && !alone.choose));
  CHECK(run_of({"run", "--workspace", "d", "--", "npm", "test"}).args == std::vector<std::string>{"npm", "test"});
  CHECK(run_of({"run", "--workspace", "d", "a.py"}).file == "a.py");
  CHECK(run_of({"run", "--workspace", "d", "--program", "make"}).program == "make");
  CHECK(run_of({"run", "--workspace", "d", "--choose"}).choose);
  CHECK(run_of({"run", "--workspace", "d", "--mount-workspace", "ro"}).workspace == WorkspaceAccess::read_only);
  CHECK(run_of({"run", "--workspace", "d", "--language", "js", "--", "x"}).language == "js");
  CHECK(run_of({"run", "--workspace", "d", "--with", "six"}).dependencies.size() == 1);
}

TEST_CASE("Conflicting options for the program of a workspace are refused") {
  const std::vector<std::vector<std::string>> cases = {
      {"run", "--choose", "a.py"},
      {"run", "--program", "make", "a.py"},
      {"run", "--workspace", "d", "--program", "make", "--choose"},
      {"run", "--workspace", "d", "--program", "make", "a.py"},
      {"run", "--workspace", "d", "--choose", "--", "make"},
      {"run", "--workspace", "d", "--dockerfile", "Dockerfile", "--program", "make"},
      {"run", "--workspace", "d", "--dockerfile", "Dockerfile", "--context", "x"},
      {"run", "--workspace", "d", "--context", "x"},
      {"run", "--workspace", "d", "--language", "js"},
      {"run", "--workspace", ""},
  };
  for (const auto& arguments : cases) {
    const auto line = parse(arguments, "1.2.3");
    INFO(arguments.back());
    REQUIRE_FALSE(line);
    CHECK(line.error().code == ErrorCode::invalid_request);
  }
}

TEST_CASE("A build takes arguments and a target, and an image without a command runs its own command") {  // B05, B08
  const auto build = run_of({"run", "--dockerfile", "-", "--context", ".", "--build-arg", "A=1=2", "--build-arg", "B",
                             "--build-arg", "A=3", "--target", "test", "--", "sh"});
  CHECK(build.dockerfile == "-");
  CHECK(build.context == ".");
  CHECK(build.build_args == std::map<std::string, std::optional<std::string>>{{"A", "3"}, {"B", std::nullopt}});
  CHECK(build.target == "test");
  CHECK(run_of({"run", "--workspace", "d", "--dockerfile", "d/docker/Dockerfile"}).folder == "d");
  CHECK(run_of({"run", "--workspace", "d", "--build-arg", "A=1"}).build_args.size() == 1);
  const auto image = run_of({"run", "--image", "alpine"});
  CHECK(image.image == "alpine");
  CHECK(image.args.empty());
}

}  // namespace arguments_test
