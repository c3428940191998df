// dind-executor: reads the command line, and does what it says.
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "app/logging.hpp"
#include "app/program.hpp"
#include "app/settings.hpp"
#include "app/version.hpp"
#include "frontends/cli/command_line.hpp"
#include "frontends/cli/commands/options.hpp"
#include "support/exception_text.hpp"
#include "support/io/descriptors.hpp"
#include "support/io/standard_descriptors.hpp"

namespace {

using namespace dind;
using namespace dind::frontends;

int run(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--settings-table") {  // for scripts/generate
    std::cout << app::settings::settings_table();
    return 0;
  }
  auto line = cli::parse({argv + 1, argv + argc}, app::version());
  if (!line) return cli::report(line.error());
  if (line->subcommand)
    if (const auto started = app::start_log({}, line->log); !started) return cli::report(started.error());
  app::CommandProgram program(*line);
  return cli::run(std::move(*line), program);
}

// Handles stdout that could not take all output. A reader that closed early (`| head`) wanted no more output.
int output_lost() {
  pollfd out{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
  if (::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0) return cli::kReaderGoneExit;
  std::cerr << "dind-executor: stdout can't be written, and what was printed is not complete: check the disk\n";
  return cli::kNotRunExit;
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a write beyond a limit on the size of files fails with EFBIG
  // The process ends with _Exit: what is left belongs to threads that wait for a terminal, or to an engine that
  // does not answer. No destructor could end it.
  raise_descriptor_limit();
  int code = cli::kNotRunExit;
  try {
    code = run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "dind-executor: %s\n", exception_text(e).c_str());
  }
  if (!std::cout.flush()) code = output_lost();
  std::fflush(nullptr);
  std::_Exit(code);
}
