// Builds the image of a Dockerfile, with bounds on time, memory and network.
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
#include "sandbox/sandbox_host.hpp"
#include "services/builds/build_notes.hpp"
#include "services/builds/build_sources.hpp"
#include "services/builds/build_upload.hpp"
#include "services/images/images.hpp"
#include "support/async/blocking_work.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind {

// automatic: BuildKit if DOCKER_BUILDKIT=1 is set, otherwise the classic builder. Only the classic builder takes bounds
// for one build and a network with the egress filter.
enum class Builder { automatic, classic, buildkit };
std::string_view to_string(Builder builder);
std::optional<Builder> builder(std::string_view name);

struct BuildPolicy {
  bool enabled = true;
  Builder builder = Builder::automatic;
  bool network = true;  // whether the steps have a network
  std::chrono::milliseconds timeout = std::chrono::minutes(10);
  std::int64_t memory_bytes = 2LL << 30;  // of each step
  double cpus = 1;
  std::int64_t max_context_bytes = 1LL << 30;
  std::int64_t pids = 1024;              // of each step; only with the classic builder
  std::int64_t disk_bytes = 20LL << 30;  // of all steps together, and of each file; only with the classic builder
  bool remote_sources = false;           // whether the engine itself may fetch what a Dockerfile names
};

class ImageBuilds {
 public:
  ImageBuilds(asio::any_io_executor executor, engine::Client& client, sandbox::SandboxHost& sandboxes, Images& images,
              BuildPolicy policy);

  struct Built {
    engine::Image image;
    std::string name;                  // its tag
    std::optional<RunResult> failure;  // a step failed or a limit was exceeded; then there is no image
    std::string builder;               // "classic" · "buildkit"
    std::vector<std::string> notes;
  };
  // Steps and their output arrive as Preparing events. If the build fails, the end of the output arrives as output too.
  Task<Result<Built>> build(BuildProgram program, std::string run_id, PullPolicy pull, EventSink& sink, Cancel cancel,
                            Terms terms = Terms::fields);
  // Waits until the engine has answered all builds: an image may be used before it has its name. After 2 seconds it
  // cancels the builds that are not answered, and waits for them until `deadline`. The engine continues a build even if
  // nobody listens.
  Task<void> wait_ended(Deadline deadline);

 private:
  struct Bases {
    std::map<std::string, std::int64_t> sizes;  // bytes, by image ID
    bool run = true;                            // whether a step may run a program
    std::vector<std::string> on_build = {};     // their ONBUILD triggers
  };
  struct ActiveBuild;
  // The steps of `build()`, in their order.
  // Reads the Dockerfile, and begins to collect the context, which is sent at the same time. No step of the Dockerfile
  // starts before `allow_steps()`.
  Result<void> read(ActiveBuild& build, EventSink& sink);
  Task<Result<void>> prepare(std::shared_ptr<ActiveBuild> build, PullPolicy pull, EventSink& sink);
  engine::ImageBuild request_for(const ActiveBuild& build) const;
  // Chooses the network of the steps. If it needs an egress filter, its creation begins.
  Task<void> set_network(std::shared_ptr<ActiveBuild> build, engine::ImageBuild& request, EventSink& sink);
  Task<void> submit(std::shared_ptr<ActiveBuild> build, engine::ImageBuild request);
  Task<void> await_end(std::shared_ptr<ActiveBuild> build);
  Task<Result<Built>> outcome(std::shared_ptr<ActiveBuild> build, EventSink& sink, Cancel caller);

  // Finds or pulls each image that the Dockerfile takes, through `images_`: so with credentials, progress and cancel.
  // Fails if the engine would fetch anything else and `remote_sources` is off.
  Task<Result<Bases>> bases(std::shared_ptr<ActiveBuild> build, PullPolicy pull, EventSink& sink);
  Result<std::shared_ptr<BuildUpload>> upload(const BuildProgram& program, const std::string& dockerfile,
                                              Cancel cancel);
  Task<void> create_network(std::shared_ptr<ActiveBuild> build, std::string run_id, std::string name);
  void on_line(ActiveBuild& build, const engine::BuildLine& line);
  BuildCircumstances circumstances(const ActiveBuild& build) const;
  std::size_t early_results() const;  // builds whose image is in use before the engine has answered
  // The result of a build that failed because of its Dockerfile or a limit. Shows the end of its output.
  RunResult failed(ActiveBuild& build, EventSink& sink) const;
  Task<Result<Built>> take_image(std::shared_ptr<ActiveBuild> build, Cancel caller);

  bool buildkit() const { return policy_.builder == Builder::buildkit; }

  asio::any_io_executor executor_;
  engine::Client& client_;
  sandbox::SandboxHost& sandboxes_;
  Images& images_;
  BuildPolicy policy_;
  BlockingWork work_;
  std::set<std::shared_ptr<ActiveBuild>> open_;
  Signal closed_;  // a build was removed from `open_`
};

}  // namespace dind
