#include "app/program.hpp"

#include <boost/asio/co_spawn.hpp>
#include <csignal>
#include <cstdio>
#include <exception>

#include "app/handover.hpp"
#include "app/logging.hpp"
#include "app/serve.hpp"
#include "app/timeouts.hpp"
#include "app/version.hpp"
#include "frontends/cli/commands/options.hpp"
#include "frontends/lsp/server.hpp"
#include "support/exception_text.hpp"
#include "support/io/standard_descriptors.hpp"

namespace dind::app {

using namespace dind::frontends;
using cli::Background;

namespace {

// The client learns of the end at once, although handed-over runs may go on.
Task<int> serve_editor(asio::any_io_executor executor, Core& core, lsp::LspOptions options) {
  lsp::LspServices services{
      .runs = core.runs(), .engine = core.engine(), .workspaces = core.workspaces(), .version = version()};
  const int code = co_await lsp::serve_lsp(std::move(executor), std::move(services), std::move(options));
  leave_standard_streams();
  co_return code;
}

}  // namespace

CommandProgram::CommandProgram(const cli::CommandLine& line)
    : host_(line.host), host_option_(line.host_option), log_(line.log) {}

CommandProgram::~CommandProgram() = default;

int CommandProgram::run(Task<int> task, Background background) {
  start(background, over_);
  std::optional<int> code;
  asio::co_spawn(context_, std::move(task), [&](const std::exception_ptr& escaped, int result) {
    code = result;
    if (escaped) {
      code = cli::kNotRunExit;
      try {
        std::rethrow_exception(escaped);
      } catch (const std::exception& e) {
        std::fprintf(stderr, "dind-executor: %s\n", exception_text(e).c_str());
      }
    }
    over_.cancel(CancelReason::shutdown);
    context_.stop();
  });
  context_.run();
  return *code;
}

void CommandProgram::start(Background background, const Cancel& over) {
  if (background == Background::nothing) return;
  if (background == Background::warm_pool)
    spawn(executor(), "warm pool", core_->maintain_warm_pool(core_->live().closing()));
  auto usage = [core = core_.get()](std::string container_id, Deadline deadline) {
    return core->usage(std::move(container_id), deadline);
  };
  spawn(executor(), "operators", handover::answer_operators(executor(), core_->live(), std::move(usage), over));
  spawn(executor(), "clean-up", core_->run_upkeep(over));
}

Result<void> CommandProgram::load_configuration() {
  if (configuration_) return {};
  auto loaded = app::load_configuration();
  if (!loaded) return std::unexpected(loaded.error());
  configuration_ = std::move(*loaded);
  return start_log(configuration_->log, log_);
}

Result<Core*> CommandProgram::make_core(const char* frontend) {
  if (const auto loaded = load_configuration(); !loaded) return std::unexpected(loaded.error());
  auto made = Core::make(executor(), *configuration_, host_, frontend, host_option_);
  if (!made) return std::unexpected(made.error());
  core_ = std::move(*made);
  return core_.get();
}

Result<cli::Program::Services> CommandProgram::services() {
  const auto core = make_core("cli");
  if (!core) return std::unexpected(core.error());
  return Services{.runs = (*core)->runs(),
                  .workspaces = (*core)->workspaces(),
                  .history = (*core)->history(),
                  .doctor = (*core)->doctor(),
                  .garbage = (*core)->garbage()};
}

Result<cli::Program::RecordedRuns> CommandProgram::history() {
  if (const auto loaded = load_configuration(); !loaded) return std::unexpected(loaded.error());
  history_ = make_history(executor(), *configuration_);
  return RecordedRuns{.history = *history_, .bounds = prune_request(configuration_->history)};
}

Result<cli::Program::RunTarget> CommandProgram::run_target(const cli::RunArguments& arguments) {
  if (const auto loaded = load_configuration(); !loaded) return std::unexpected(loaded.error());
  const auto path = handover_path(*configuration_, host_);
  if (!path.empty() && may_hand_over(arguments, log_, *configuration_)) {
    // If no server takes the run, a core in this process runs it.
    handover_client_ = std::make_unique<handover::HandoverClient>(executor(), path, [this]() -> Result<RunService*> {
      const auto core = make_core("cli");
      if (!core) return std::unexpected(core.error());
      start(Background::upkeep, over_);
      return &(*core)->runs();
    });
    return RunTarget{.runs = *handover_client_, .workspaces = nullptr, .background = Background::nothing};
  }
  const auto core = make_core("cli");
  if (!core) return std::unexpected(core.error());
  return RunTarget{.runs = (*core)->runs(), .workspaces = &(*core)->workspaces(), .background = Background::upkeep};
}

std::vector<LiveRun> CommandProgram::live_runs() {
  live_ = handover::all_live_runs();
  std::vector<LiveRun> runs;
  for (const auto& each : live_) runs.push_back(each.run);
  return runs;
}

bool CommandProgram::stop_run(std::size_t index) { return handover::stop_run(live_[index]); }

int CommandProgram::run_server(Task<int> server, std::optional<Cancel> handovers) {
  const auto path = handovers ? handover_path(*configuration_, host_) : std::string();
  if (!path.empty()) server = with_handover_server(executor(), *core_, path, std::move(server), *handovers);
  return run(std::move(server), Background::warm_pool);
}

int CommandProgram::serve(cli::ServeArguments arguments) {
  const auto core = make_core("http");
  if (!core) return cli::report(core.error());
  const Stops stops;
  return run_server(serve_programs(executor(), **core, *configuration_, std::move(arguments), stops), stops.stop);
}

int CommandProgram::serve_rpc() {
  const auto core = make_core("jsonrpc");
  if (!core) return cli::report(core.error());
  return run_server(serve_stdio(executor(), **core, *configuration_), std::nullopt);
}

int CommandProgram::serve_lsp(cli::LspArguments arguments) {
  const auto core = make_core("lsp");
  if (!core) return cli::report(core.error());
  const Stops stops;
  listen_for_stop(executor(), {SIGINT, SIGTERM, SIGHUP}, stops);
  return run_server(serve_editor(executor(), **core,
                                 {.client_process_id = arguments.client_process_id,
                                  .stop = stops.drain,
                                  .shutdown_timeout = kShutdownTimeout}),
                    stops.stop);
}

}  // namespace dind::app
