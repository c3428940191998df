// Runs code in sandboxes from a C++ program.
#include <chrono>
#include <dind/executor.hpp>
#include <iostream>
#include <thread>

int main() {
  using namespace std::chrono_literals;
  auto opened = dind::Executor::open();
  if (!opened) {
    std::cerr << opened.error().message << '\n';
    return 1;
  }
  dind::Executor& executor = **opened;
  if (!executor.is_available()) {
    std::cerr << "No Docker engine answers: see `dind-executor doctor`\n";
    return 1;
  }

  const auto show = [](const char* what, const dind::Result<dind::Execution>& run) {
    if (!run) {
      std::cout << what << ": " << run.error().message << '\n';
      return;
    }
    std::cout << what << ": returncode " << run->returncode() << ", verdict " << dind::to_string(run->result.verdict)
              << "\n"
              << run->output << run->errors;
  };
  show("python",
       executor.run_python_code({.code = "import sys\nprint('Hello from', sys.version.split()[0])", .timeout = 10s}));
  // The packages are there for the program, which has no network all the same.
  show("requirements", executor.run_python_code(
                           {.code = "import six\nprint('six', six.__version__)", .requirements = {"six==1.16.0"}}));
  show("stdin", executor.run_python_code({.code = "print(sum(map(int, open(0))))"}, {.input = "1\n2\n39\n"}));
  show("shell", executor.run_shell_script({.script = "echo \"$(( 6 * 7 ))\"; exit 3"}));
  show("command", executor.run_command({.image = "debian:bookworm-slim", .command = "id -u; exit 4"}));
  show("build", executor.build_and_run({.dockerfile_content = "FROM debian:bookworm-slim\n"
                                                              "RUN echo 'made by the build' >/made\n"
                                                              "CMD [\"cat\", \"/made\"]\n"}));
  show("build that fails", executor.build_and_run({.dockerfile_content = "FROM debian:bookworm-slim\nRUN exit 5\n"}));
  show("timeout", executor.run_python_code({.code = "while True: pass", .timeout = 500ms}));
  show("refused", executor.run_command({.image = "", .command = "true"}));

  // Another thread stops a run.
  dind::CallOptions call;
  call.handle = dind::RunHandle();
  std::jthread stop;
  call.on_output = [&, handle = *call.handle](dind::Channel, std::string_view) {
    if (!stop.joinable()) stop = std::jthread([handle] { handle.cancel(); });
  };
  show("cancelled", executor.run_python_code({.code = "print('up', flush=True)\nimport time; time.sleep(60)"}, call));
}
