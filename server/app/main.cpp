// dind-executor: only connects the command line, the configuration and the composition root.
#include <poll.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>

#include "app/composition.hpp"
#include "app/configuration.hpp"
#include "app/handover.hpp"
#include "app/logging.hpp"
#include "app/serve.hpp"
#include "app/settings.hpp"
#include "app/version.hpp"
#include "frontends/cli/arguments.hpp"
#include "frontends/cli/history_command.hpp"
#include "frontends/cli/live_report.hpp"
#include "frontends/cli/report.hpp"
#include "frontends/cli/run_command.hpp"
#include "frontends/handover/client.hpp"
#include "frontends/handover/control.hpp"
#include "frontends/lsp/server.hpp"
#include "support/clock.hpp"
#include "support/exception_text.hpp"
#include "support/io/descriptors.hpp"
#include "support/io/standard_descriptors.hpp"

namespace {

using namespace dind;
using namespace dind::frontends;
using namespace std::chrono_literals;

constexpr auto kDoctorTime = 60s;
constexpr auto kGarbageTime = 10min;
constexpr auto kShutdownTimeout = 10s;

int say(const Error& error) {
  std::fprintf(stderr, "dind-executor: %s\n", error.message.c_str());
  return cli::kNotRunExit;
}

void say(const std::exception& e) { std::fprintf(stderr, "dind-executor: %s\n", exception_text(e).c_str()); }

Task<int> doctor(app::Core& core, bool json) {
  const auto checks = co_await core.doctor().examine(in(kDoctorTime));
  std::cout << cli::doctor_text(checks, json) << std::flush;
  co_await core.runs().wait_all_removed(in(kShutdownTimeout));
  co_return cli::doctor_exit_code(checks);
}

Task<int> collect_garbage(app::Core& core, bool dry_run, bool json) {
  const auto report = co_await core.garbage().collect(dry_run, in(kGarbageTime));
  if (!report) co_return say(report.error());
  std::cout << cli::garbage_text(*report, json) << std::flush;
  co_return cli::garbage_exit_code(*report);
}

Task<int> look_into_history(History& history, cli::HistoryArguments arguments, PruneRequest bounds) {
  const auto text = co_await cli::history_command(history, std::move(arguments), bounds);
  if (!text) co_return say(text.error());
  std::cout << *text << std::flush;
  co_return 0;
}

std::vector<LiveRun> runs_of(const std::vector<handover::OperatedRun>& operated) {
  std::vector<LiveRun> runs;
  for (const auto& each : operated) runs.push_back(each.run);
  return runs;
}

int list_live_runs(bool json) {
  std::cout << cli::live_runs_text(runs_of(handover::all_live_runs()), unix_now_ms(), json) << std::flush;
  return 0;
}

int stop_live_run(const std::string& id) {
  const auto operated = handover::all_live_runs();
  const auto found = cli::find_live_run(runs_of(operated), id);
  if (!found) return say(found.error());
  const auto& run = operated[*found];
  if (!handover::stop_run(run)) return say({ErrorCode::not_found, "The run " + run.run.run_id + " has just ended"});
  std::cout << "The run " << run.run.run_id << " was told to end\n" << std::flush;
  return 0;
}

Task<int> rerun(asio::any_io_executor executor, app::Core& core, cli::HistoryArguments arguments) {
  auto again = co_await cli::rerun_arguments(core.history(), std::move(arguments));
  if (!again) co_return say(again.error());
  co_return co_await cli::run_command(std::move(executor), core.runs(), std::move(*again));
}

// Runs `frontend` to its end, then cancels `over`.
int serve(asio::io_context& context, Task<int> frontend, Cancel over = {}) {
  std::optional<int> code;
  asio::co_spawn(context, std::move(frontend), [&](const std::exception_ptr& escaped, int result) {
    code = result;
    if (escaped) {
      code = cli::kNotRunExit;
      try {
        std::rethrow_exception(escaped);
      } catch (const std::exception& e) {
        say(e);
      }
    }
    over.cancel(CancelReason::shutdown);
    context.stop();
  });
  context.run();
  return *code;
}

void answer_operators(const asio::any_io_executor& executor, app::Core& core, const Cancel& over) {
  auto usage = [&core](std::string container_id, Deadline deadline) {
    return core.usage(std::move(container_id), deadline);
  };
  spawn(executor, "operators", handover::answer_operators(executor, core.live(), std::move(usage), over));
}

// What runs beside the frontend: nothing; the removal of what dead instances left; or this and the
// warm pool, if the frontend serves many runs.
enum class Beside { nothing, clean, clean_and_warm };
// If `path` is not empty, the process also takes runs that are handed over: see with_handover_server.
struct Handovers {
  std::string path;
  Cancel stop;
};
int serve(asio::io_context& context, app::Core& core, Task<int> frontend, Beside beside = Beside::clean,
          Handovers handovers = {}) {
  const Cancel over;
  const auto executor = context.get_executor();
  if (beside == Beside::clean_and_warm) spawn(executor, "warm pool", core.maintain_warm_pool(core.live().closing()));
  if (beside != Beside::nothing) answer_operators(executor, core, over);
  if (!handovers.path.empty())
    frontend = app::with_handover_server(executor, core, handovers.path, std::move(frontend), handovers.stop);
  if (beside != Beside::nothing) spawn(context.get_executor(), "clean-up", core.run_upkeep(over));
  return serve(context, std::move(frontend), over);
}

// The client learns of the end at once, although handed-over runs may go on.
Task<int> serve_editor(asio::any_io_executor executor, app::Core& core, lsp::LspOptions options) {
  lsp::LspServices services{
      .runs = core.runs(), .engine = core.engine(), .workspaces = core.workspaces(), .version = app::version()};
  const int code = co_await lsp::serve_lsp(std::move(executor), std::move(services), std::move(options));
  leave_standard_streams();
  co_return code;
}

// Hands the run over to a running server. If there is none, a core in this process runs it.
int run_by_server(asio::io_context& context, const app::Configuration& configuration, const std::string& host,
                  const std::string& path, cli::RunArguments arguments) {
  const Cancel over;
  std::unique_ptr<app::Core> core;
  const auto own = [&]() -> Result<RunService*> {
    auto made = app::Core::make(context.get_executor(), configuration, host, "cli");
    if (!made) return std::unexpected(made.error());
    core = std::move(*made);
    spawn(context.get_executor(), "clean-up", core->run_upkeep(over));
    answer_operators(context.get_executor(), *core, over);
    return &core->runs();
  };
  handover::HandoverClient runs(context.get_executor(), path, own);
  return serve(context, cli::run_command(context.get_executor(), runs, std::move(arguments)), over);
}

// The name of the frontend in the history.
const char* frontend_name(const cli::Command& command) {
  if (std::holds_alternative<cli::LspArguments>(command)) return "lsp";
  if (std::holds_alternative<cli::ServeArguments>(command)) return "http";
  if (std::holds_alternative<cli::RpcArguments>(command)) return "jsonrpc";
  return "cli";
}

int run(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--settings-table") {  // for scripts/generate
    std::cout << app::settings::settings_table();
    return 0;
  }
  auto line = cli::parse({argv + 1, argv + argc}, app::version());
  if (!line) return say(line.error());
  if (const auto* text = std::get_if<cli::ShowText>(&line->command)) {
    std::cout << text->text << std::flush;
    return 0;
  }
  if (const auto started = app::start_log({}, line->log); !started) return say(started.error());
  if (const auto* languages = std::get_if<cli::LanguagesArguments>(&line->command)) {
    std::cout << cli::languages_text(language_list(), languages->json) << std::flush;
    return 0;
  }

  if (const auto* ps = std::get_if<cli::PsArguments>(&line->command)) return list_live_runs(ps->json);
  if (const auto* stop = std::get_if<cli::StopArguments>(&line->command)) return stop_live_run(stop->id);

  const auto configuration = app::load_configuration();
  if (!configuration) return say(configuration.error());
  if (const auto started = app::start_log(configuration->log, line->log); !started) return say(started.error());
  asio::io_context context;
  auto* history = std::get_if<cli::HistoryArguments>(&line->command);
  if (history != nullptr && history->action != cli::HistoryArguments::Action::rerun) {
    const auto store = app::make_history(context.get_executor(), *configuration);
    return serve(context, look_into_history(*store, std::move(*history), prune_request(configuration->history)));
  }
  const auto handovers = app::handover_path(*configuration, line->host);
  if (auto* arguments = std::get_if<cli::RunArguments>(&line->command);
      arguments != nullptr && app::may_hand_over(*arguments, line->log, *configuration) && !handovers.empty())
    return run_by_server(context, *configuration, line->host, handovers, std::move(*arguments));
  const auto core = app::Core::make(context.get_executor(), *configuration, line->host, frontend_name(line->command),
                                    line->host_option);
  if (!core) return say(core.error());
  if (history != nullptr) return serve(context, **core, rerun(context.get_executor(), **core, std::move(*history)));
  if (auto* arguments = std::get_if<cli::RunArguments>(&line->command))
    return serve(context, **core,
                 cli::run_command(context.get_executor(), (*core)->runs(), std::move(*arguments),
                                  cli::process_streams(), &(*core)->workspaces()));
  if (const auto* arguments = std::get_if<cli::DoctorArguments>(&line->command))
    return serve(context, **core, doctor(**core, arguments->json));
  if (const auto* arguments = std::get_if<cli::GcArguments>(&line->command))
    return serve(context, **core, collect_garbage(**core, arguments->dry_run, arguments->json), Beside::nothing);
  const app::Stops stops;
  if (auto* arguments = std::get_if<cli::ServeArguments>(&line->command))
    return serve(context, **core,
                 app::serve_programs(context.get_executor(), **core, *configuration, std::move(*arguments), stops),
                 Beside::clean_and_warm, {.path = handovers, .stop = stops.stop});
  if (std::holds_alternative<cli::RpcArguments>(line->command))
    return serve(context, **core, app::serve_stdio(context.get_executor(), **core, *configuration),
                 Beside::clean_and_warm);
  const auto& lsp = std::get<cli::LspArguments>(line->command);
  app::listen_for_stop(context.get_executor(), {SIGINT, SIGTERM, SIGHUP}, stops);
  return serve(
      context, **core,
      serve_editor(context.get_executor(), **core, {.client_process_id = lsp.client_process_id, .stop = stops.drain}),
      Beside::clean_and_warm, {.path = handovers, .stop = stops.stop});
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
    say(e);
  }
  if (!std::cout.flush()) code = output_lost();
  std::fflush(nullptr);
  std::_Exit(code);
}
