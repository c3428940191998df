// The parts of the program that its commands use (frontends/cli/program.hpp), made when a command asks for them.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/composition.hpp"
#include "app/configuration.hpp"
#include "frontends/cli/command_line.hpp"
#include "frontends/cli/program.hpp"
#include "frontends/handover/client.hpp"
#include "frontends/handover/control.hpp"

namespace dind::app {

class CommandProgram final : public frontends::cli::Program {
 public:
  // The line says which engine and which log.
  explicit CommandProgram(const frontends::cli::CommandLine& line);
  ~CommandProgram() override;

  asio::any_io_executor executor() override { return context_.get_executor(); }
  int run(Task<int> task, frontends::cli::Background background) override;
  Result<Services> services() override;
  Result<RecordedRuns> history() override;
  Result<RunTarget> run_target(const frontends::cli::RunArguments& arguments) override;
  std::vector<LiveRun> live_runs() override;
  bool stop_run(std::size_t index) override;
  int serve(frontends::cli::ServeArguments arguments) override;
  int serve_rpc() override;
  int serve_lsp(frontends::cli::LspArguments arguments) override;

 private:
  Result<void> load_configuration();
  // `frontend`: its name in the history.
  Result<Core*> make_core(const char* frontend);
  // Starts what goes on until `over`.
  void start(frontends::cli::Background background, const Cancel& over);
  // `handovers`: the server also takes runs that are handed over, until this signal.
  int run_server(Task<int> server, std::optional<Cancel> handovers);

  const std::string host_, host_option_;
  const LogFlags log_;
  std::optional<Configuration> configuration_;
  asio::io_context context_;
  std::unique_ptr<Core> core_;
  std::unique_ptr<History> history_;
  std::unique_ptr<frontends::handover::HandoverClient> handover_client_;
  std::vector<frontends::handover::OperatedRun> live_;  // of the last live_runs()
  Cancel over_;                                         // the command has ended
};

}  // namespace dind::app
