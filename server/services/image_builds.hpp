// Builds the image of a Dockerfile, within bounds of time, memory and reach.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "engine/client.hpp"
#include "sandbox/sandbox.hpp"
#include "services/build_sources.hpp"
#include "services/build_upload.hpp"
#include "services/images.hpp"
#include "support/blocking_work.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind {

// automatic: BuildKit where DOCKER_BUILDKIT=1 asks for it, else the classic builder, which alone takes bounds for a
// build and a fenced network.
enum class Builder { automatic, classic, buildkit };
std::string_view name(Builder builder);
std::optional<Builder> builder(std::string_view name);

struct BuildPolicy {
  bool enabled = true;
  Builder builder = Builder::automatic;
  bool network = true;  // whether the steps have one
  std::chrono::milliseconds timeout = std::chrono::minutes(10);
  std::int64_t memory_bytes = 2LL << 30;  // of each step
  double cpus = 1;
  std::int64_t most_context_bytes = 1LL << 30;
  std::int64_t pids = 1024;              // of each step; the classic builder's
  std::int64_t disk_bytes = 20LL << 30;  // of all steps together, and of each file; the classic builder's
  bool remote_sources = false;           // whether the engine may fetch what a Dockerfile names, by itself
};

class ImageBuilds {
 public:
  ImageBuilds(asio::any_io_executor executor, engine::Client& client, sandbox::Sandboxes& sandboxes, Images& images,
              BuildPolicy policy);

  struct Built {
    engine::Image image;
    std::string name;                  // its tag
    std::optional<RunResult> failure;  // a step failed, or the time was over; then there is no image
    std::string builder;               // "classic" · "buildkit"
    std::vector<std::string> notes;
  };
  // Steps and their output come as Preparing events, and the end of them as output where the build fails.
  Task<Result<Built>> build(BuildProgram program, std::string run_id, PullPolicy pull, EventSink& sink, Cancel cancel,
                            Terms terms = Terms::fields);
  // Until the engine has answered all that were asked for, but not for long: an image may be used before it has its
  // name, and an engine goes on without a listener.
  Task<void> wait_ended(Deadline deadline);

 private:
  struct Bases {
    std::map<std::string, std::int64_t> sizes;  // by ID
    bool run = true;                            // whether a step of the build may
    std::vector<std::string> on_build = {};     // their triggers
  };
  struct Attempt;
  // Every image that it takes, by our own way of pulling: with credentials, progress, and a cancel; and nothing else.
  Task<Result<Bases>> bases(const Dockerfile& dockerfile, const BuildProgram& program, PullPolicy pull, EventSink& sink,
                            Cancel cancel, Terms terms);
  // The context grows and is sent from now on; its steps begin once the upload was let.
  Result<std::shared_ptr<BuildUpload>> upload(const BuildProgram& program, const std::string& dockerfile,
                                              Cancel cancel);
  Task<void> create_network(std::shared_ptr<Attempt> now, std::string run_id, std::string name);
  Task<void> attempt(std::shared_ptr<Attempt> now, engine::ImageBuild build);
  void take(Attempt& now, const engine::BuildLine& line);
  std::size_t ahead() const;  // images that are used before their builds are answered
  RunResult failure_of(const Attempt& now, const std::string& run_id) const;

  bool buildkit() const { return policy_.builder == Builder::buildkit; }

  asio::any_io_executor executor_;
  engine::Client& client_;
  sandbox::Sandboxes& sandboxes_;
  Images& images_;
  BuildPolicy policy_;
  BlockingWork work_;
  std::set<std::shared_ptr<Attempt>> open_;
  Signal closed_;  // one of them
};

}  // namespace dind
