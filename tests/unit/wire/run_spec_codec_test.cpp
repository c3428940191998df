
#include "wire/run_spec_codec.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

namespace run_spec_codec_test {

using namespace dind;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

RunRequest read(const char* method, const char* params) {
  const auto request = run_method(method)(json::parse(params));
  INFO(method << ' ' << params << ": " << (request ? "" : request.error().message));
  REQUIRE(request);
  return *request;
}

// Checks that the params are refused in one line that contains `said`.
void refused(const char* method, const char* params, const char* said) {
  const auto request = run_method(method)(json::parse(params));
  INFO(method << ' ' << params << ": " << (request ? "taken" : request.error().message));
  REQUIRE_FALSE(request);
  CHECK(request.error().code == ErrorCode::invalid_request);
  CHECK(request.error().message.contains(said));
  CHECK_FALSE(request.error().message.contains('\n'));
}

}  // namespace

TEST_CASE("The params of runPythonCode are converted to a RunSpec") {
  const auto plain = read("runPythonCode", R"j({"code": "print(1)"})j");
  const auto& source = std::get<SourceProgram>(plain.spec.program);
  CHECK(source.text == "print(1)");
  CHECK(source.language == "python");
  CHECK(source.file_name == "main.py");
  CHECK_FALSE(plain.spec.image);
  CHECK_FALSE(plain.spec.limits.timeout);
  CHECK_FALSE(plain.spec.total_timeout);
  CHECK_FALSE(plain.stream);
  CHECK(plain.keep == 10U << 20);

  const auto full = read("runPythonCode",
                         R"j({"code": "x", "pythonVersion": "3.11", "dependencies": ["requests", "flask>=2"],
                             "timeout": 1.5, "stdin": "in", "env": {"A": "1"}, "runId": "r-1", "network": "internet",
                             "isolation": "gvisor", "stream": true, "keepOutputBytes": 0,
                             "limits": {"memory": "64m", "cpus": 0.5, "pids": 10, "tmp": "128m"}})j");
  CHECK(full.spec.image == "python:3.11-slim");
  for (const auto& [version, image] : {std::pair{"latest", "python:slim"},  // I31
                                       {"slim", "python:slim"},
                                       {"3.12-slim", "python:3.12-slim"},
                                       {"3.12-slim-bookworm", "python:3.12-slim-bookworm"},
                                       {"3.12", "python:3.12-slim"}})
    CHECK(read("runPythonCode", json{{"code", "x"}, {"pythonVersion", version}}.dump().c_str()).spec.image == image);
  CHECK(full.spec.dependencies == std::vector<std::string>{"requests", "flask>=2"});
  CHECK(full.spec.limits.timeout == 1500ms);
  CHECK(full.spec.total_timeout == 1500ms);
  CHECK(full.spec.limits.memory_bytes == 64LL << 20);
  CHECK(full.spec.limits.cpus == 0.5);
  CHECK(full.spec.limits.pids == 10);
  CHECK(full.spec.limits.tmp_bytes == 128LL << 20);
  CHECK(full.input == "in");
  CHECK(full.spec.env == std::map<std::string, std::string>{{"A", "1"}});
  CHECK(full.spec.run_id == "r-1");
  CHECK(full.spec.network == Network::internet);
  CHECK(full.spec.isolation == Isolation::gvisor);
  CHECK(full.stream);
  CHECK(full.keep == 0);
}

TEST_CASE("An explicit limits.timeout takes precedence over timeout, which stays the total timeout") {
  const auto request = read("runPythonCode", R"j({"code": "x", "timeout": 30, "limits": {"timeout": 2}})j");
  CHECK(request.spec.limits.timeout == 2s);
  CHECK(request.spec.total_timeout == 30s);
}

TEST_CASE("The method runShellScript runs bash by its recipe, and another shell as a command") {
  const auto bash = read("runShellScript", R"j({"script": "ls", "timeout": 30})j");
  CHECK(std::get<SourceProgram>(bash.spec.program).language == "shell");
  CHECK_FALSE(bash.spec.image);
  const auto ash = read("runShellScript", R"j({"script": "ls", "shell": "/bin/ash", "image": "alpine:3"})j");
  CHECK(std::get<std::vector<std::string>>(std::get<CommandProgram>(ash.spec.program).command) ==
        std::vector<std::string>{"/bin/ash", "-c", "ls"});
  CHECK(ash.spec.image == "alpine:3");
  CHECK(ash.spec.notes.empty());
}

TEST_CASE("P05: a note says that the named shell does not get the options of the #! line") {
  for (const char* script : {R"j({"script": "#!/bin/bash -e\nls", "shell": "/bin/sh"})j",
                             R"j({"script": "#!/usr/bin/env -S LANG=C sh -e\nls", "shell": "/bin/sh"})j"}) {
    const auto run = read("runShellScript", script);
    REQUIRE(run.spec.notes.size() == 1);
    CHECK(run.spec.notes.front().contains("without the line's options"));
  }
  for (const char* script : {R"j({"script": "#!/bin/sh -e\nls", "shell": "/bin/sh"})j",
                             R"j({"script": "#!/bin/bash\nls", "shell": "/bin/sh"})j"})
    CHECK(read("runShellScript", script).spec.notes.empty());
}

TEST_CASE("The method runCommand takes a shell line or a list of arguments, with or without the workspace") {
  const auto line = read("runCommand", R"j({"image": "node:20", "command": "node --version && npm --version",
                                           "mountWorkspace": true})j");
  CHECK(std::get<std::string>(std::get<CommandProgram>(line.spec.program).command) ==
        "node --version && npm --version");
  CHECK(line.spec.workspace == WorkspaceAccess::read_write);
  CHECK(line.spec.working_dir == kWorkspaceMount);
  const auto argv = read(
      "runCommand", R"j({"image": "i", "command": ["a", "b c"], "workingDir": "/workspaces/x", "timeout": null})j");
  CHECK(std::get<std::vector<std::string>>(std::get<CommandProgram>(argv.spec.program).command) ==
        std::vector<std::string>{"a", "b c"});
  CHECK_FALSE(argv.spec.workspace);
  CHECK(argv.spec.working_dir == "/workspaces/x");
}

TEST_CASE("The method buildAndRun takes build arguments and a target, which runs without a build refuse") {
  const auto build =
      read("buildAndRun", R"j({"dockerfileContent": "FROM a", "contextPath": "session/project", "timeout": 300})j");
  const auto& program = std::get<BuildProgram>(build.spec.program);
  CHECK(program.dockerfile == "FROM a");
  CHECK(program.context_path == "session/project");
  CHECK_FALSE(program.command);
  CHECK(program.arguments.empty());
  CHECK(program.target.empty());
  CHECK(build.spec.total_timeout == 300s);
  const auto more = read("buildAndRun", R"j({"dockerfileContent": "FROM a", "buildArgs": {"V": "1"}, "target": "t"})j");
  CHECK(std::get<BuildProgram>(more.spec.program).arguments == std::map<std::string, std::string>{{"V", "1"}});  // B08
  CHECK(std::get<BuildProgram>(more.spec.program).target == "t");
  refused("buildAndRun", R"j({"dockerfileContent": "FROM a", "buildArgs": {"V": 1}})j", "buildArgs.V");
  refused("buildAndRun", R"j({"dockerfileContent": "FROM a", "buildArgs": ["V=1"]})j", "buildArgs");
  refused("run", R"j({"code": "x", "buildArgs": {}})j", "buildArgs");
  refused("run", R"j({"command": "x", "image": "i", "target": "t"})j", "target");
}

TEST_CASE("The params of run can set every field of a RunSpec") {
  const auto code = read("run", R"j({"code": "x", "language": "python", "fileName": "a.py", "args": ["1"],
      "image": "python:3", "pull": "never", "dependencies": ["r"], "workspace": "readOnly", "workingDir": "/workspaces",
      "isolation": "runc", "totalTimeout": 9.5, "limits": {"timeout": 1, "memory": 67108864}})j");
  const auto& source = std::get<SourceProgram>(code.spec.program);
  CHECK(source.file_name == "a.py");
  CHECK(code.spec.args == std::vector<std::string>{"1"});
  CHECK(code.spec.image == "python:3");
  CHECK(code.spec.pull == PullPolicy::never);
  CHECK(code.spec.workspace == WorkspaceAccess::read_only);
  CHECK(code.spec.working_dir == "/workspaces");
  CHECK(code.spec.total_timeout == 9500ms);
  CHECK(code.spec.limits.timeout == 1s);
  CHECK(code.spec.limits.memory_bytes == 67108864);

  const auto command = read("run", R"j({"command": ["ls"], "image": "i"})j");
  CHECK(std::holds_alternative<CommandProgram>(command.spec.program));
  const auto build = read("run", R"j({"dockerfile": "FROM a", "command": "ls", "contextPath": "c",
      "buildArgs": {"V": "1"}, "target": "t"})j");
  CHECK(std::get<BuildProgram>(build.spec.program).arguments.at("V") == "1");
  CHECK(std::get<BuildProgram>(build.spec.program).target == "t");
  CHECK(std::get<std::string>(*std::get<BuildProgram>(build.spec.program).command) == "ls");
}

TEST_CASE("Wrong params of a run are refused with the name of the field") {
  for (const char* none : {"[]", "null", "7", "\"x\""}) refused("run", none, "must be an object");
  refused("run", R"j({})j", "one of \"code\", \"command\" and \"dockerfile\"");
  refused("run", R"j({"code": "x", "command": "y"})j", "one of");
  refused("run", R"j({"code": "x", "dockerfile": "y"})j", "one of");
  refused("run", R"j({"code": "x", "contextPath": "c"})j", "\"contextPath\" cannot be combined with \"code\"");
  refused("run", R"j({"command": "x"})j", "\"image\" is missing");
  refused("run", R"j({"command": "x", "image": "i", "args": []})j", "\"args\" cannot be combined with \"command\"");
  refused("run", R"j({"dockerfile": "FROM a", "image": "i"})j", "\"image\" cannot be combined with");
  refused("run", R"j({"code": "x", "colour": 1})j", R"(unknown field "colour"; supported: code, )");
  refused("run", R"j({"code": "x", "limits": {"disk": 1}})j", R"(unknown field "limits.disk"; supported: timeout, )");
  for (const char* memory : {"1", "\"5m\"", "1125899906842625", "\"9999t\"", "1e30"})  // I07
    refused("run", (R"j({"code": "x", "limits": {"memory": )j" + std::string(memory) + "}}").c_str(),
            "from 6 MiB to 1024 TiB, not ");
  refused("run", R"j({"code": "x", "limits": []})j", "\"limits\" must be an object");
  refused("run", R"j({"code": 7})j", "\"code\" must be a text");
  refused("run", R"j({"code": "x", "args": ["a", 1]})j", "\"args\" must be a list of texts");
  refused("run", R"j({"code": "x", "env": {"A": 1}})j", "\"env.A\" must be a text, not 1");
  refused("run", R"j({"code": "x", "network": "host"})j", "\"network\" must be");
  refused("run", R"j({"code": "x", "network": {"hosts": ["pypi.org"]}})j", "list of hosts, which is not supported yet");
  refused("run", R"j({"code": "x", "network": {}})j", "\"network\" must be");
  refused("run", R"j({"code": "x", "workspace": "rw"})j", "\"workspace\" must be");
  refused("run", R"j({"code": "x", "isolation": true})j", "\"isolation\" must be");
  refused("run", R"j({"code": "x", "pull": "sometimes"})j", "\"pull\" must be");
  refused("run", R"j({"code": "x", "workingDir": "relative"})j", "\"workingDir\" must be an absolute path");
  refused("run", R"j({"code": "x", "stream": 1})j", "\"stream\" must be true or false");
  refused("run", R"j({"code": "x", "runId": ""})j", "\"runId\" must be");
  refused("runCommand", R"j({"image": "i"})j", "\"command\" is missing");
  refused("runCommand", R"j({"image": "i", "command": []})j", "\"command\" must be");
  refused("runCommand", R"j({"command": "x"})j", "\"image\" is missing");
  refused("runPythonCode", R"j({})j", "\"code\" is missing");
  refused("runShellScript", R"j({"code": "x"})j", "\"script\" is missing");
  refused("buildAndRun", R"j({"dockerfileContent": ""})j", "\"dockerfileContent\" must be");
  CHECK(run_method("runFile") == nullptr);
}

TEST_CASE("Numbers that are out of range for every run are refused") {
  for (const char* number : {"0", "-1", "1e10", "-0.5", "\"5\"", "true", "[]", "{}", "1e300"}) {
    refused("runPythonCode", (R"j({"code": "x", "timeout": )j" + std::string(number) + "}").c_str(), "\"timeout\"");
    refused("run", (R"j({"code": "x", "limits": {"timeout": )j" + std::string(number) + "}}").c_str(),
            "\"limits.timeout\"");
    refused("run", (R"j({"code": "x", "limits": {"cpus": )j" + std::string(number) + "}}").c_str(), "\"limits.cpus\"");
    refused("run", (R"j({"code": "x", "limits": {"pids": )j" + std::string(number) + "}}").c_str(), "\"limits.pids\"");
  }
  for (const std::string limit : {"memory", "tmp"})
    for (const char* size : {"0", "-1", "1.5", "\"\"", "\"many\"", "9223372036854775807", "18446744073709551615"})
      refused("run", (R"j({"code": "x", "limits": {")j" + limit + "\": " + size + "}}").c_str(),
              ("\"limits." + limit + "\"").c_str());
  for (const char* keep : {"-1", "67108865", "1.5", "18446744073709551615"})
    refused("run", (R"j({"code": "x", "keepOutputBytes": )j" + std::string(keep) + "}").c_str(), "\"keepOutputBytes\"");
  json params{{"code", "x"}, {"timeout", std::numeric_limits<double>::quiet_NaN()}};
  CHECK_FALSE(run_method("runPythonCode")(params));
  params["timeout"] = std::numeric_limits<double>::infinity();
  CHECK_FALSE(run_method("runPythonCode")(params));
}

TEST_CASE("An error message never shows the value of an environment variable") {
  const auto request = read_run(json::parse(R"j({"code": "x", "env": ["SECRET=hunter2"]})j"));
  REQUIRE_FALSE(request);
  CHECK_FALSE(request.error().message.contains("hunter2"));
}

}  // namespace run_spec_codec_test
