// The state of one running build. Only image_builds.cpp includes this file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/network/network_holder.hpp"
#include "services/builds/build_lines.hpp"
#include "services/builds/build_upload.hpp"
#include "services/builds/buildkit_notes.hpp"
#include "services/builds/image_builds.hpp"
#include "services/builds/step_watch.hpp"
#include "support/kept_tail.hpp"

namespace dind {

// What a build shares with the coroutine that watches its network's container.
struct NetworkWatch {
  bool gone = false;  // the container ended before the build
  bool over = false;  // the end of the build is known; the container no longer matters
};

// Shared by the coroutines of one build. `open_` holds it until the engine has answered.
struct ImageBuilds::ActiveBuild {
  ActiveBuild(const asio::any_io_executor& executor, std::string run)
      : run_id(std::move(run)), changed(executor), authors({}, 0) {}
  const std::string run_id;

  Cancel cancel;  // by the caller, or when a part of the build fails
  Signal changed;
  Bases bases;
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
  std::shared_ptr<NetworkWatch> held = std::make_shared<NetworkWatch>();
  // The end of the build. It is known once the image is complete, while the engine still removes its copy of the
  // context.
  bool finished = false;
  Result<engine::BuildOutcome> outcome = engine::BuildOutcome{};
  bool network_gone = false;
  bool over_disk = false;

  void finish(Result<engine::BuildOutcome> end) {
    if (std::exchange(finished, true)) return;
    outcome = std::move(end);
    sink = nullptr;
    held->over = true;
    network_gone = held->gone;
    changed.notify();
  }
  bool done() const { return outcome && !outcome->failure; }
  // The failure that cancelled the other parts of the build: of the upload or of the network. nullopt: neither failed.
  std::optional<Error> cause() const {
    if (upload->failure()) return upload->failure();
    if (network && !*network && network->error().code != ErrorCode::cancelled) return network->error();
    return std::nullopt;
  }
};

}  // namespace dind
