// One run of Sandboxes: acquires a sandbox (acquire.cpp) and drives the job in it (drive.cpp). Private to sandbox/run.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/run/attempt.hpp"
#include "sandbox/run/outcome.hpp"
#include "sandbox/run/phase.hpp"
#include "sandbox/run/sandboxes.hpp"
#include "sandbox/supervision/supervisor_connection.hpp"

namespace dind::sandbox {

// Lives as long as anything of the run does. The caller may be gone long before the container is.
struct Sandboxes::Run : std::enable_shared_from_this<Run> {
  Run(Sandboxes& h, SandboxRequest request, EventSink& s, Cancel c);

  Sandboxes& home;
  RunPlan plan;
  const std::string container;  // name for the first attempt; later attempts append to it
  const engine::Image image;
  const std::string image_name;
  EventSink* sink;  // null after the caller has its reply
  std::shared_ptr<StdinPipe> input;
  Cancel cancel;
  Signal changed;
  SandboxContext context;
  std::string sandbox_id;  // the engine's id of the container
  std::string isolation;   // as the engine reports it
  std::shared_ptr<SupervisorConnection> connection;
  OwnUsers::Lease user;  // no other sandbox gets it before the container is gone
  std::vector<std::string> notes;
  std::optional<Result<RunResult>> result;

  // The whole run, until its container is removed.
  static Task<void> execute(std::shared_ptr<Run> self, Removals::PendingRemoval removal, WarmPool::Claim claim);

  // -- acquire.cpp
  // A started sandbox; or the attempt, if none could be acquired.
  using Acquired = std::expected<std::unique_ptr<AttachedSandbox>, Attempt>;
  Task<Acquired> acquire_warm(WarmPool::Claim claim);
  Task<Acquired> acquire_cold(Removals::PendingRemoval removal, std::string name);
  Task<Attempt> attempt_warm(WarmPool::Claim claim);
  Task<Attempt> attempt_cold(Removals::PendingRemoval removal, std::string name);
  Task<Result<RunResult>> attempt_all(Removals::PendingRemoval removal, WarmPool::Claim claim);

  // -- drive.cpp
  // Runs the job in the sandbox.
  Task<Attempt> drive(const AttachedSandbox& sandbox);
  Task<PhaseState> await_end(const AttachedSandbox& sandbox);
  Task<Attempt> end_without_report(std::string id);
  PhaseInput look(Deadline deadline) const;
  void send_job();
  void announce();

  void use(const AttachedSandbox& sandbox);
  std::vector<std::string> all_notes() const;
  RunFacts facts() const;
  bool started() const { return connection && connection->state().started; }
  bool ended_by_itself() const {
    return connection && connection->state().report && connection->state().report->cause == supervision::Cause::none;
  }
  // Podman starts a process to remove an ended container, and does not notice if this process fails.
  bool engine_removes_it() const { return ended_by_itself() && !home.client_.is_podman(); }
  void close_connection();
  // Call it before the caller gets its reply: no event follows.
  void detach_sink();
};

}  // namespace dind::sandbox
