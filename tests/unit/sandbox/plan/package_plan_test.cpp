#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "sandbox/hardening.hpp"
#include "sandbox/plan/planner.hpp"
#include "sandbox/workspace/workspace.hpp"

namespace package_plan_test {

using namespace dind;
using namespace dind::sandbox;

namespace {

RunSpec python(std::vector<std::string> dependencies) {
  RunSpec spec{.program = SourceProgram{.file_name = "a.py", .text = "import x", .language = {}}};
  spec.dependencies = std::move(dependencies);
  return spec;
}

Result<RunPlan> plan(const RunSpec& spec) { return make_plan(spec, Limits{}, {}, "r1"); }

void check_refused(const RunSpec& spec, const std::string& message) {
  const auto made = plan(spec);
  REQUIRE(!made);
  INFO(made.error().message);
  CHECK(made.error().code == ErrorCode::invalid_request);
  CHECK(made.error().message.contains(message));
}

}  // namespace

TEST_CASE("Dependencies are installed in a separate step, and the program mounts them read-only") {
  const auto made = plan(python({"requests>=2", "flask[async] ; python_version > '3'"}));
  REQUIRE(made);
  REQUIRE(made->dependencies);
  const auto& argv = made->dependencies->argv;
  CHECK(argv[argv.size() - 3] == "--");
  CHECK(argv[argv.size() - 2] == "requests>=2");
  // P09: after the standard library in the search path, through a file that the interpreter reads at its start.
  CHECK(made->env.at("PYTHONPATH") == "/sandbox/.packages");
  REQUIRE(made->files.size() == 2);
  const auto start = std::ranges::find(made->files, "/sandbox/.packages/sitecustomize.py", &RunFile::path);
  REQUIRE(start != made->files.end());
  CHECK(start->bytes.contains(kDependenciesDir));
  auto own = python({"requests"});
  own.env["PYTHONPATH"] = "/mine";
  CHECK(plan(own)->env.at("PYTHONPATH") == "/mine:/sandbox/.packages");
  CHECK(made->network == Network::none);
  CHECK(made->volumes == std::vector{PlanVolume{.name = "", .target = kDependenciesMount, .read_only = true}});

  const auto installer = make_installer_plan(*made, "volume", Limits{}, 1000);
  CHECK(installer.run_id == "r1");
  CHECK(installer.argv == argv);
  CHECK(installer.network == Network::internet);
  CHECK(installer.files.empty());  // the installer does not need the program's text
  CHECK(!installer.workspace);
  CHECK(installer.volumes ==
        std::vector{PlanVolume{.name = "volume", .target = kDependenciesMount, .read_only = false}});
  CHECK(installer.disk_path == kDependenciesMount);
  CHECK(installer.disk_bytes == 1000);
}

TEST_CASE("A dependency names a package: an option, a path or a second line is refused") {
  for (const char* good : {"requests", "Flask", "zope.interface", "a", "A1_b-c", "x==1.0", "x ~= 1.0, != 1.3",
                           "x[a,b]>=1", "x @ https://host/x-1.whl", "x; sys_platform == 'linux'", "x (>=1)"}) {
    INFO(good);
    CHECK(plan(python({good})));
  }
  check_refused(python({""}), "name a package");
  for (const char* bad : {"-r file", "--index-url=https://evil", "-e .", ".", "./x", "/etc/passwd", "../x", "x\ny",
                          "x\r--index-url", "git+https://host/x", "https://host/x.whl", "x @ file:///etc",
                          "x @ git+ssh://host", "x/y", "x y", "$(id)", "`id`", "x>=1/../y"}) {
    INFO(bad);
    check_refused(python({bad}), "; ");
  }
  check_refused(python({std::string(600, 'x')}), "512 bytes");
  check_refused(python(std::vector<std::string>(300, "x")), "256");
}

TEST_CASE("P06: hashes and constraints reach the installer in files") {
  auto spec = python({"six==1.16.0 --hash=sha256:00", "# a comment", "flask"});
  spec.constraints = {"urllib3<2"};
  const auto made = plan(spec);
  REQUIRE(made);
  const auto& step = *made->dependencies;
  REQUIRE(step.files.size() == 2);
  CHECK(step.files[0].bytes == "six==1.16.0 --hash=sha256:00\nflask\n");
  CHECK(step.files[1].bytes == "urllib3<2\n");
  const std::vector<std::string> end(step.argv.end() - 4, step.argv.end());
  CHECK(end == std::vector<std::string>{"-r", step.files[0].path, "-c", step.files[1].path});
  CHECK(std::ranges::find(step.argv, "--") == step.argv.end());
  CHECK(make_installer_plan(*made, "volume", Limits{}, 1000).files == step.files);
}

TEST_CASE("Dependencies are refused for a program whose language has no installer") {
  RunSpec script{.program = SourceProgram{.file_name = "a.sh", .text = "x", .language = {}}};
  script.dependencies = {"x"};
  check_refused(script, "for: python");
  RunSpec command{.program = CommandProgram{"x"}, .image = "image"};
  command.dependencies = {"x"};
  check_refused(command, "use an image that has them");
}

TEST_CASE("A working directory must be a plain absolute path in the sandbox") {
  for (const char* good : {"/", "/workspaces/session-id/project", "/a/..b/c", "/a/./b"}) {
    INFO(good);
    RunSpec spec{.program = CommandProgram{"x"}, .image = "image"};
    spec.working_dir = good;
    const auto made = plan(spec);
    REQUIRE(made);
    CHECK(made->working_dir == good);
  }
  for (const char* bad : {"relative", "..", "/a/../b", "/..", "/a/..", "/a\n", "~"}) {
    INFO(bad);
    RunSpec spec{.program = CommandProgram{"x"}, .image = "image"};
    spec.working_dir = bad;
    check_refused(spec, "absolute path in the sandbox");
  }
}

TEST_CASE("The engine does not get the caller's working directory, because it would create it as root") {
  RunSpec spec{.program = CommandProgram{"x"}, .image = "image"};
  spec.workspace = WorkspaceAccess::read_write;
  spec.working_dir = "/workspaces/not/there";
  const auto made = plan(spec);
  REQUIRE(made);
  SandboxContext around{.image = {.id = "sha256:1"}, .workspace_source = "/srv/ws", .supervisor_volume = "s"};
  around.user = "1000:1000";
  const auto container = harden(*made, around);
  CHECK(container.working_dir == "/");
  CHECK(container.user == "1000:1000");
  REQUIRE(container.mounts.size() == 2);
  CHECK(container.mounts[1] ==
        engine::Mount{
            .kind = engine::Mount::Kind::bind, .source = "/srv/ws", .target = "/workspaces", .read_only = false});
  CHECK(container.tmpfs[0].options.ends_with("uid=1000,gid=1000"));
}

TEST_CASE("A run of a Dockerfile uses the entrypoint of the built image, and refuses another image") {
  RunSpec spec{.program = BuildProgram{.dockerfile = "FROM x", .context_path = {}, .command = {}}};
  auto made = plan(spec);
  REQUIRE(made);
  CHECK(made->argv.empty());
  engine::Image image{.id = "sha256:1", .entrypoint = {"python"}, .command = {"app.py"}};
  REQUIRE(run_image_command(image, {}, *made));
  CHECK(made->argv == std::vector<std::string>{"python", "app.py"});
  made->argv.clear();
  REQUIRE(run_image_command(image, {"other.py"}, *made));
  CHECK(made->argv == std::vector<std::string>{"python", "other.py"});
  made->argv.clear();
  CHECK(!run_image_command({}, {}, *made));
  // As in every other run, arguments that no program can receive are refused.
  made->argv.clear();
  CHECK(!run_image_command(image, {std::string("a\0b", 3)}, *made));
  made->argv.clear();
  CHECK(!run_image_command(image, {std::string(64U << 20, 'x')}, *made));
  spec.image = "y";
  check_refused(spec, "FROM");
  check_refused({.program = BuildProgram{.dockerfile = " \n", .context_path = {}, .command = {}}}, "empty");
}

TEST_CASE("An image's own command starts in its WORKDIR, and a caller's command in a writable folder") {
  const auto working_dir = [](const std::string& image_dir, RunSpec spec) {
    auto made = plan(spec);
    REQUIRE(made);
    REQUIRE(run_image_command({.id = "sha256:1", .command = {"app"}, .working_dir = image_dir}, {}, *made));
    return made->working_dir;
  };
  const RunSpec built{.program = BuildProgram{.dockerfile = "FROM x", .context_path = {}, .command = {}}};
  const RunSpec named{.program = CommandProgram{std::vector<std::string>{}}, .image = "image"};
  for (const auto& own : {built, named}) {
    for (const char* root : {"", "/", "//", "/."}) CHECK(working_dir(root, own) == "/");
    CHECK(working_dir("/app", own).empty());  // the engine uses the image's WORKDIR
    auto elsewhere = own;
    elsewhere.working_dir = "/workspaces";
    CHECK(working_dir("", elsewhere) == "/workspaces");
  }
  const BuildProgram with_command{.dockerfile = "FROM x", .context_path = {}, .command = Command{"x"}};
  for (const auto& given :
       {RunSpec{.program = with_command}, RunSpec{.program = CommandProgram{"x"}, .image = "image"}})
    CHECK(working_dir("", given).empty());  // `harden` sets /sandbox
}

TEST_CASE("A build argument without a valid name is refused") {
  for (const std::string name : {std::string(), std::string("A=B"), std::string("A\0", 2)}) {
    RunSpec spec{
        .program = BuildProgram{.dockerfile = "FROM x", .context_path = {}, .command = {}, .arguments = {{name, "x"}}}};
    check_refused(spec, "NAME=VALUE");
  }
}

TEST_CASE("Certificate authorities are added only to runs with a network, and keep the caller's variables") {
  RunPlan plan;
  add_authorities(plan, "PEM");
  CHECK(plan.files.empty());
  plan.network = Network::internet;
  plan.env["PIP_CERT"] = "/mine";
  add_authorities(plan, "PEM");
  REQUIRE(plan.files.size() == 1);
  CHECK(plan.files[0].bytes == "PEM");
  CHECK(plan.env.at("PIP_CERT") == "/mine");
  CHECK(plan.env.at("SSL_CERT_FILE") == plan.files[0].path);
}

TEST_CASE("A program runs as the owner of the workspace, and never as root") {
  std::string note;
  CHECK(workspace_user({.engine_path = "/w", .path = "", .owner = "7:8"}, note) == "7:8");
  CHECK(note.empty());
  CHECK(workspace_user({.engine_path = "/w", .path = "/proc/1"}, note) == kNobody);  // owned by root
  CHECK(note.contains("root"));
  CHECK(workspace_user({.engine_path = "/w", .path = "/not/there"}, note) == kNobody);
}

TEST_CASE("The error about a workspace that is missing on the engine has both of its paths") {
  const Workspace workspace{.engine_path = "/engine/ws", .path = "/our/ws"};
  const auto error = workspace_error(
      {ErrorCode::engine_error, "invalid mount config: bind source path does not exist: /engine/ws", 400}, workspace);
  CHECK(error.code == ErrorCode::invalid_request);
  CHECK(error.message.contains("/engine/ws"));
  CHECK(error.message.contains("/our/ws"));
  CHECK(workspace_error({ErrorCode::engine_error, "other", 500}, workspace).message == "other");
}

}  // namespace package_plan_test
