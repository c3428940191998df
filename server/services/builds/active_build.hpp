// The state of one running build. Only the sources of ImageBuilds include this file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/network/network_holder.hpp"
#include "services/builds/build_lines.hpp"
#include "services/builds/build_outcome.hpp"
#include "services/builds/build_upload.hpp"
#include "services/builds/buildkit_notes.hpp"
#include "services/builds/dockerfile.hpp"
#include "services/builds/image_builds.hpp"
#include "services/builds/step_watch.hpp"
#include "support/kept_tail.hpp"

namespace dind {

inline constexpr auto kBuildCallTime = std::chrono::seconds(15);  // for one question to the engine

// What a build shares with the coroutine that watches its network's container.
struct NetworkWatch {
  bool gone = false;  // the container ended before the build
  bool over = false;  // the end of the build is known; the container no longer matters
};

// Shared by the coroutines of one build. `open_` holds it until the engine has answered.
struct ImageBuilds::ActiveBuild {
  ActiveBuild(const asio::any_io_executor& executor, std::string run, BuildProgram asked, Terms words)
      : run_id(std::move(run)), program(std::move(asked)), terms(words), changed(executor), authors({}, 0) {}
  const std::string run_id;
  const BuildProgram program;
  const Terms terms;

  // preparing: no request was sent. running: the engine builds. ended: the end is known, while the engine may still
  // remove its copy of the context.
  enum class Phase { preparing, running, ended };
  Phase phase = Phase::preparing;

  Cancel cancel;  // by the caller, or when a part of the build fails
  Signal changed;
  Dockerfile dockerfile;
  Bases bases;
  Built built;  // the result so far: its notes, name and builder
  std::shared_ptr<BuildUpload> upload;
  std::string dockerfile_name;  // the author's name of the file
  std::optional<engine::BuildkitBound> bound;
  std::vector<std::size_t> lines_after;  // the author's lines after which we inserted a line
  EventSink* sink = nullptr;             // null once the end of the build is known
  StepNumbering authors;
  EventPace pace;
  std::size_t step_events = 0;
  KeptTail tail;
  Deadline deadline;
  std::optional<StepWatch> steps;
  std::optional<Result<sandbox::NetworkHolder>> network;
  bool needs_network = false;  // with an egress filter
  std::shared_ptr<NetworkWatch> held = std::make_shared<NetworkWatch>();
  // The end of the build, in the phase `ended`.
  Result<engine::BuildOutcome> outcome = engine::BuildOutcome{};
  bool network_gone = false;
  bool over_disk = false;

  void finish(Result<engine::BuildOutcome> end) {
    if (std::exchange(phase, Phase::ended) == Phase::ended) return;
    outcome = std::move(end);
    sink = nullptr;
    held->over = true;
    network_gone = held->gone;
    changed.notify();
  }
  bool ended() const { return phase == Phase::ended; }
  bool done() const { return outcome && !outcome->failure; }
  BuildFacts facts(bool caller_cancelled) const {
    return {.answered = outcome.has_value(),
            .step_failed = outcome && outcome->failure,
            .exit_code = outcome && outcome->failure ? outcome->failure->exit_code : 0,
            .disk_exceeded = over_disk,
            .caller_cancelled = caller_cancelled,
            .network_lost = network_gone,
            .part_failed = cause().has_value(),
            .timed_out = Clock::now() >= deadline};
  }
  // The failure that cancelled the other parts of the build: of the upload or of the network. nullopt: neither failed.
  std::optional<Error> cause() const {
    if (upload->failure()) return upload->failure();
    if (network && !*network && network->error().code != ErrorCode::cancelled) return network->error();
    return std::nullopt;
  }
};

}  // namespace dind
