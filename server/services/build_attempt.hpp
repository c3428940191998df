// A build that is under way, for image_builds.cpp alone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/network_holder.hpp"
#include "services/build_lines.hpp"
#include "services/build_upload.hpp"
#include "services/buildkit_bound.hpp"
#include "services/image_builds.hpp"
#include "services/kept_tail.hpp"
#include "services/step_watch.hpp"

namespace dind {

// What a build's network and its cancel have to do with one another.
struct HeldNetwork {
  bool gone = false;  // the network's container, before the build was done
  bool over = false;
};

// A build that is under way.
struct ImageBuilds::Attempt {
  Attempt(const asio::any_io_executor& executor, std::string run)
      : run_id(std::move(run)), changed(executor), authors({}, 0) {}
  const std::string run_id;

  Cancel cancel;  // the caller's, and what we see ourselves
  Signal changed;
  Bases bases;
  std::shared_ptr<BuildUpload> upload;
  std::string dockerfile_name;  // as its author has it
  std::optional<BuildkitBound> bound;
  std::vector<std::size_t> lines_after;  // where its Dockerfile has a line more than its author's
  EventSink* sink = nullptr;             // until it is known how it ended
  StepNumbering authors;
  EventPace pace;
  std::size_t step_events = 0;
  KeptTail tail;
  Deadline deadline;
  std::optional<StepWatch> steps;
  std::optional<Result<sandbox::NetworkHolder>> network;
  std::shared_ptr<HeldNetwork> held = std::make_shared<HeldNetwork>();
  // -- how it ended: known once the image is whole, when the engine has its own copy of the context to clear up yet
  bool known = false;
  Result<engine::BuildOutcome> outcome = engine::BuildOutcome{};
  bool network_gone = false;
  bool over_disk = false;

  void come_to(Result<engine::BuildOutcome> end) {
    if (std::exchange(known, true)) return;
    outcome = std::move(end);
    sink = nullptr;
    held->over = true;
    network_gone = held->gone;
    changed.notify();
  }
  bool done() const { return outcome && !outcome->failure; }
  // What broke off everything else.
  std::optional<Error> cause() const {
    if (upload->failure()) return upload->failure();
    if (network && !*network && network->error().code != ErrorCode::cancelled) return network->error();
    return std::nullopt;
  }
};

}  // namespace dind
