#include <CLI/CLI.hpp>
#include <iostream>

#include "frontends/cli/commands/options.hpp"
#include "frontends/cli/commands/subcommand.hpp"
#include "frontends/cli/live_report.hpp"
#include "support/wrong.hpp"

namespace dind::frontends::cli {
namespace {

class StopCommand final : public SubcommandOf<StopArguments> {
 public:
  const char* name() const override { return "stop"; }
  const char* summary() const override { return "End a run that is under way"; }
  const char* examples() const override {
    return R"(The client of the run gets the verdict cancelled. The beginning of the id is enough if it is unique.
Exit codes: 0 the run was told to end, 125 there is no such run.

Example:
  dind-executor stop 2478d86c)";
  }
  void add_options(CLI::App& to) override {
    to.add_option("id", id_, "Which run; the beginning of its id is enough")->type_name("ID")->required();
  }

 private:
  Result<StopArguments> read_arguments(Rest) const override {
    if (id_.empty()) return wrong("stop: the id is empty; `dind-executor ps` lists the runs that are under way");
    return StopArguments{id_};
  }
  int execute(StopArguments arguments, Program& program) const override {
    const auto runs = program.live_runs();
    const auto found = find_live_run(runs, arguments.id);
    if (!found) return report(found.error());
    const std::string& id = runs[*found].run_id;
    if (!program.stop_run(*found)) return report({ErrorCode::not_found, "The run " + id + " has just ended"});
    std::cout << "The run " << id << " was told to end\n" << std::flush;
    return 0;
  }

  std::string id_;
};

}  // namespace

std::unique_ptr<Subcommand> make_stop_command() { return std::make_unique<StopCommand>(); }

}  // namespace dind::frontends::cli
