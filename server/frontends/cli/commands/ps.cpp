#include <CLI/CLI.hpp>
#include <iostream>

#include "frontends/cli/commands/subcommand.hpp"
#include "frontends/cli/live_report.hpp"
#include "support/clock.hpp"

namespace dind::frontends::cli {
namespace {

class PsCommand final : public SubcommandOf<PsArguments> {
 public:
  const char* name() const override { return "ps"; }
  const char* summary() const override { return "List the runs that are under way: whose, what, for how long"; }
  const char* examples() const override {
    return R"(Lists the runs under way of every server, editor and terminal of this user; as root, of every user.

Examples:
  dind-executor ps
  dind-executor ps --json | jq -r '.runs[].runId'
  docker exec claude-backend dind-executor ps)";
  }
  void add_options(CLI::App& to) override { to.add_flag("--json", json_, "Print JSON"); }

 private:
  Result<PsArguments> read_arguments(Rest) const override { return PsArguments{json_}; }
  int execute(PsArguments arguments, Program& program) const override {
    std::cout << live_runs_text(program.live_runs(), unix_now_ms(), arguments.json) << std::flush;
    return 0;
  }

  bool json_ = false;
};

}  // namespace

std::unique_ptr<Subcommand> make_ps_command() { return std::make_unique<PsCommand>(); }

}  // namespace dind::frontends::cli
