#include <CLI/CLI.hpp>
#include <iostream>

#include "frontends/cli/commands/options.hpp"
#include "frontends/cli/commands/subcommand.hpp"
#include "frontends/cli/report.hpp"

namespace dind::frontends::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kDoctorTime = 60s;
constexpr auto kRemovalTime = 10s;

Task<int> examine(Program::Services services, bool json) {
  const auto checks = co_await services.doctor.examine(in(kDoctorTime));
  std::cout << doctor_text(checks, json) << std::flush;
  co_await services.runs.wait_all_removed(in(kRemovalTime));
  co_return doctor_exit_code(checks);
}

class DoctorCommand final : public SubcommandOf<DoctorArguments> {
 public:
  const char* name() const override { return "doctor"; }
  const char* summary() const override {
    return "Check the engine and the images, and say what to do; exit 1 if runs would fail";
  }
  const char* examples() const override {
    return R"(The command starts a sandbox to see which limits are really in force. It takes at most 60 s.
Exit codes: 0 runs work, 1 they would fail.

Examples:
  dind-executor doctor
  dind-executor --host tcp://dind:2376 doctor
  dind-executor doctor --json | jq '.checks[] | select(.status != "ok")')";
  }
  void add_options(CLI::App& to) override { to.add_flag("--json", json_, "Print JSON"); }
  bool takes_host_option() const override { return true; }

 private:
  Result<DoctorArguments> read_arguments(Rest) const override { return DoctorArguments{json_}; }
  int execute(DoctorArguments arguments, Program& program) const override {
    const auto services = program.services();
    if (!services) return report(services.error());
    return program.run(examine(*services, arguments.json), Background::upkeep);
  }

  bool json_ = false;
};

}  // namespace

std::unique_ptr<Subcommand> make_doctor_command() { return std::make_unique<DoctorCommand>(); }

}  // namespace dind::frontends::cli
