#include "services/dependencies/dependency_installer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "sandbox/plan/planner.hpp"
#include "support/async/unless_cancelled.hpp"
#include "support/ids.hpp"
#include "support/io/disk_full.hpp"
#include "support/kept_tail.hpp"
#include "support/units.hpp"

namespace dind {

using namespace std::chrono_literals;

namespace {

constexpr auto kVolumeTime = 60s;
constexpr auto kVolumeLife = 24h;  // normally the run's end removes it; this is for a process that died

// Reports the installer's output line by line as events, and keeps its tail.
class InstallerOutput final : public EventSink {
 public:
  InstallerOutput(EventSink& sink, const SecretMask& secrets) : sink_(sink), masked_(secrets) {}
  void on_state(const StateChange&) override {}
  void on_output(Channel, std::string_view bytes, OutputCredit) override { tell(masked_.add(bytes)); }
  std::string tail() {
    tell(masked_.rest());
    return tail_.take();
  }
  // Reports the last line, even if it came too soon after another.
  void finish() {
    tell(masked_.rest());
    if (line_.empty()) line_ = std::exchange(held_, {});
    if (!line_.empty()) sink_.on_state(Preparing{.stage = Stage::dependencies, .message = line_, .percent = {}});
    line_.clear();
  }

 private:
  void tell(const std::string& text) {
    tail_.add(text);
    for (const char c : text) {
      if (c != '\n' && c != '\r') {
        if (line_.size() < kMaxLineLength) line_ += c;
      } else if (!line_.empty()) {
        held_.clear();
        if (pace_.due())
          sink_.on_state(Preparing{.stage = Stage::dependencies, .message = line_, .percent = {}});
        else
          held_ = line_;
        line_.clear();
      }
    }
  }
  static constexpr std::size_t kMaxLineLength = 500;
  EventSink& sink_;
  MaskedStream masked_;
  EventPace pace_;
  std::string line_;
  std::string held_;  // the last line, if it came too soon after another
  KeptTail tail_;
};

std::string failure_note(const RunResult& result) {
  switch (result.verdict) {
    case Verdict::timeout:
      return "the installer took longer than its limit (dependencies.timeout)";
    case Verdict::out_of_memory:
      return "the installer needed more memory than its limit (dependencies.memory)";
    case Verdict::disk_limit:
      return "the packages are larger than their limit (dependencies.disk)";
    default:
      return "the packages could not be installed";
  }
}

}  // namespace

DependencyInstaller::DependencyInstaller(asio::any_io_executor executor, sandbox::SandboxHost& sandboxes,
                                         DependencyPolicy policy, std::string authorities)
    : executor_(std::move(executor)),
      sandboxes_(sandboxes),
      policy_(std::move(policy)),
      authorities_(std::move(authorities)),
      secrets_(policy_.env),
      hidden_(secrets_) {}

void DependencyInstaller::clamp_cpus(int engine_cpus) {
  policy_.limits.cpus = std::min(policy_.limits.cpus, static_cast<double>(engine_cpus));
}

Task<Result<std::optional<RunResult>>> DependencyInstaller::install(sandbox::RunPlan& plan, const engine::Image& image,
                                                                    const std::string& image_name,
                                                                    sandbox::Removals::PendingRemoval& volume_removal,
                                                                    EventSink& sink, Cancel cancel) {
  if (!policy_.enabled)
    co_return fail(
        ErrorCode::invalid_request,
        "This server installs no packages; use an image that has them, or ask the operator (dependencies.enabled)");
  sink.on_state(Preparing{.stage = Stage::dependencies, .message = "Installing packages", .percent = {}});
  const std::string volume = "dind-packages-" + plan.run_id + "-" + random_id(4);
  // If the engine is slow, a cancel does not wait for its answer. A volume that is created by then is removed later.
  auto made = co_await unless_cancelled(
      executor_, "packages of run " + plan.run_id,
      sandboxes_.create_dependency_volume(volume, plan.run_id, kVolumeLife, in(kVolumeTime)), cancel);
  if (!made) co_return std::unexpected(made.error());
  volume_removal = std::move(*made);

  auto installer = sandbox::make_installer_plan(plan, volume, policy_.limits, policy_.disk_bytes);
  for (const auto& [name, value] : policy_.env) installer.env.insert_or_assign(name, value);
  sandbox::add_authorities(installer, authorities_);
  InstallerOutput output(sink, secrets_);
  auto result =
      co_await sandboxes_.run({.plan = std::move(installer), .image = image, .image_name = image_name}, output, cancel);
  if (!result) {
    result.error().message = secrets_.masked(result.error().message);
    co_return std::unexpected(result.error());
  }
  if (result->verdict != Verdict::ok) {
    const auto tail = output.tail();
    if (!tail.empty() && result->verdict != Verdict::cancelled) sink.on_output(Channel::err, tail, {});
    result->stage = Stage::dependencies;
    result->stdout_bytes = 0;
    result->stderr_bytes = tail.size();
    if (result->verdict != Verdict::cancelled) result->notes.push_back(failure_note(*result));
    if (result->verdict == Verdict::failed && says_disk_full(tail))
      result->notes.push_back("it found no space left on a disk that it wrote to: " + std::string(kFreeEngineDisk));
    co_return std::optional(std::move(*result));
  }
  output.finish();
  plan.volumes.back().name = volume;
  co_return std::optional<RunResult>();
}

}  // namespace dind
