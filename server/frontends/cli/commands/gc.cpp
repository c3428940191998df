#include <CLI/CLI.hpp>
#include <iostream>

#include "frontends/cli/commands/options.hpp"
#include "frontends/cli/commands/subcommand.hpp"
#include "frontends/cli/report.hpp"

namespace dind::frontends::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kGarbageTime = 10min;

Task<int> collect(Program::Services services, GcArguments arguments) {
  const auto collected = co_await services.garbage.collect(arguments.dry_run, in(kGarbageTime));
  if (!collected) co_return report(collected.error());
  std::cout << garbage_text(*collected, arguments.json) << std::flush;
  co_return garbage_exit_code(*collected);
}

class GcCommand final : public SubcommandOf<GcArguments> {
 public:
  const char* name() const override { return "gc"; }
  const char* summary() const override { return "Remove unused objects that dind-executor has created on the engine"; }
  const char* examples() const override {
    return R"(Removes containers, volumes and networks that runs have left, and images that dind-executor built and that
were not used for a while (gc.imagesUnusedFor and gc.imagesMaxBytes in the configuration). What does not have its
label stays. A running server (serve, rpc, lsp) does the same by itself.
Exit codes: 0 all of it was removed, 1 something could not be removed.

Examples:
  dind-executor gc --dry-run
  dind-executor gc)";
  }
  void add_options(CLI::App& to) override {
    to.add_flag("--dry-run", arguments_.dry_run, "Say what would be removed, and remove nothing");
    to.add_flag("--json", arguments_.json, "Print JSON");
  }

 private:
  Result<GcArguments> read_arguments(Rest) const override { return arguments_; }
  int execute(GcArguments arguments, Program& program) const override {
    const auto services = program.services();
    if (!services) return report(services.error());
    return program.run(collect(*services, arguments));
  }

  GcArguments arguments_;
};

}  // namespace

std::unique_ptr<Subcommand> make_gc_command() { return std::make_unique<GcCommand>(); }

}  // namespace dind::frontends::cli
