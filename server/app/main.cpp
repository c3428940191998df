// dind-executor: the command line, the configuration and the composition root meet here, and nothing else does.
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
#include "app/version.hpp"
#include "faces/cli/arguments.hpp"
#include "faces/cli/history_command.hpp"
#include "faces/cli/report.hpp"
#include "faces/cli/run_command.hpp"
#include "faces/editor/session.hpp"
#include "faces/handover/client.hpp"

namespace {

using namespace dind;
using namespace dind::faces;
using namespace std::chrono_literals;

constexpr auto kDoctorTime = 60s;
constexpr auto kGarbageTime = 10min;
constexpr auto kLeaveTime = 10s;

int say(const Error& error) {
  std::fprintf(stderr, "dind-executor: %s\n", error.message.c_str());
  return cli::kNotRunExit;
}

Task<int> doctor(app::Core& core, bool json) {
  const auto checks = co_await core.doctor().examine(in(kDoctorTime));
  std::cout << cli::doctor_text(checks, json) << std::flush;
  co_await core.runs().idle(in(kLeaveTime));
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

Task<int> rerun(asio::any_io_executor executor, app::Core& core, cli::HistoryArguments arguments) {
  auto again = co_await cli::rerun_arguments(core.history(), std::move(arguments));
  if (!again) co_return say(again.error());
  co_return co_await cli::run_command(std::move(executor), core.runs(), std::move(*again));
}

// Runs `face` to its end; `over` is cancelled then.
int serve(asio::io_context& context, Task<int> face, Cancel over = {}) {
  std::optional<int> code;
  asio::co_spawn(context, std::move(face), [&](const std::exception_ptr& escaped, int result) {
    code = result;
    if (escaped) {
      code = cli::kNotRunExit;
      try {
        std::rethrow_exception(escaped);
      } catch (const std::exception& e) {
        std::fprintf(stderr, "dind-executor: a bug of ours: %s\n", e.what());
      }
    }
    over.cancel(CancelReason::shutdown);
    context.stop();
  });
  context.run();
  return *code;
}
// With the clean-up of what dead instances left beside it,
// and, where it serves many runs, with sandboxes that wait for them.
enum class Beside { nothing, clean, clean_and_warm };
int serve(asio::io_context& context, app::Core& core, Task<int> face, Beside beside = Beside::clean,
          const std::string& handovers = {}) {
  const Cancel over;
  const auto executor = context.get_executor();
  if (beside == Beside::clean_and_warm) spawn(executor, "prestarted", core.keep_warm(over));
  if (!handovers.empty()) face = app::beside_handovers(executor, core, handovers, std::move(face));
  if (beside != Beside::nothing) spawn(context.get_executor(), "clean-up", core.keep_clean(over));
  return serve(context, std::move(face), over);
}

// By a server that is there; where there is none, by a core of our own.
int run_by_server(asio::io_context& context, const app::Configuration& configuration, const std::string& host,
                  const std::string& path, cli::RunArguments arguments) {
  const Cancel over;
  std::unique_ptr<app::Core> core;
  const auto own = [&]() -> Result<RunService*> {
    auto made = app::Core::make(context.get_executor(), configuration, host, "cli");
    if (!made) return std::unexpected(made.error());
    core = std::move(*made);
    spawn(context.get_executor(), "clean-up", core->keep_clean(over));
    return &core->runs();
  };
  handover::HandedOverRuns runs(context.get_executor(), path, own);
  return serve(context, cli::run_command(context.get_executor(), runs, std::move(arguments)), over);
}

// Who asks, as the history names it.
const char* face_of(const cli::Command& command) {
  if (std::holds_alternative<cli::LspArguments>(command)) return "editor";
  if (std::holds_alternative<cli::ServeArguments>(command)) return "serve";
  if (std::holds_alternative<cli::RpcArguments>(command)) return "rpc";
  return "cli";
}

int run(int argc, char** argv) {
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
  const auto core = app::Core::make(context.get_executor(), *configuration, line->host, face_of(line->command));
  if (!core) return say(core.error());
  if (history != nullptr) return serve(context, **core, rerun(context.get_executor(), **core, std::move(*history)));
  if (auto* arguments = std::get_if<cli::RunArguments>(&line->command))
    return serve(context, **core,
                 cli::run_command(context.get_executor(), (*core)->runs(), std::move(*arguments),
                                  cli::process_streams(), &(*core)->folders()));
  if (const auto* arguments = std::get_if<cli::DoctorArguments>(&line->command))
    return serve(context, **core, doctor(**core, arguments->json));
  if (const auto* arguments = std::get_if<cli::GcArguments>(&line->command))
    return serve(context, **core, collect_garbage(**core, arguments->dry_run, arguments->json), Beside::nothing);
  if (auto* arguments = std::get_if<cli::ServeArguments>(&line->command))
    return serve(context, **core,
                 app::serve_programs(context.get_executor(), **core, *configuration, std::move(*arguments)),
                 Beside::clean_and_warm, handovers);
  if (std::holds_alternative<cli::RpcArguments>(line->command))
    return serve(context, **core, app::serve_stdio(context.get_executor(), **core, *configuration),
                 Beside::clean_and_warm);
  const auto& lsp = std::get<cli::LspArguments>(line->command);
  editor::EditorServices services{
      .runs = (*core)->runs(), .engine = (*core)->engine(), .folders = (*core)->folders(), .version = app::version()};
  return serve(context, **core,
               editor::run_editor_session(context.get_executor(), std::move(services),
                                          {.client_process_id = lsp.client_process_id}),
               Beside::clean_and_warm, handovers);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  // What is left belongs to threads that wait for a terminal or to an engine that hangs: nothing that a destructor
  // could end.
  const int code = run(argc, argv);
  std::fflush(nullptr);
  std::_Exit(code);
}
