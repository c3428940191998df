// Our end of the talk with one sandbox's supervisor: sends the job when it is ready, drains what it says from the first
// byte to the last, passes output on against credit, feeds stdin. Never stops reading: an unread stream would block the
// engine.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "dind/run_event.hpp"
#include "engine/hijacked_stream.hpp"
#include "engine/stream_demux.hpp"
#include "sandbox/supervisor_codec.hpp"
#include "support/stdin_pipe.hpp"
#include "support/task.hpp"

namespace dind::sandbox {

class SupervisorConnection : public std::enable_shared_from_this<SupervisorConnection> {
 public:
  // Bytes of output that may be on their way to a face at once; past it the program waits.
  static constexpr std::uint64_t kOutputWindow = 1 << 20;

  struct SupervisorState {
    bool ready = false;
    std::optional<Clock::time_point> began;  // when the program started
    std::optional<wire::ExitReport> report;
    std::optional<Error> error;   // the stream broke, or what came over it was nonsense, or the supervisor gave up
    bool ended = false;           // nothing more will come
    std::string detail;           // of a report of a failed exec, or of a full volume
    LeftFiles left;               // what the program left in the run's folder
    bool memory_short = false;    // gVisor's was nearly used up
    std::uint64_t out_bytes = 0;  // received of the program's stdout
    std::uint64_t err_bytes = 0;
    std::uint64_t dropped_bytes = 0;  // of them, not passed on, because nobody listened any more
    std::string complaint;            // what came outside of the protocol: the engine's or the runtime's last words
  };

  // `token`: what the supervisor's frames carry once it has its job.
  static std::shared_ptr<SupervisorConnection> begin(asio::any_io_executor executor,
                                                     std::unique_ptr<engine::HijackedStream> stream,
                                                     std::uint32_t token);

  // The job (with this token), once: sent as soon as the supervisor is ready. `on_began` is called when the program
  // starts, before any of its output reaches `sink`, which must live until `leave`. `input` null: empty stdin.
  void assign(std::string job, std::function<void()> on_began, EventSink& sink, std::shared_ptr<StdinPipe> input);
  std::uint32_t token() const { return token_; }
  const SupervisorState& seen() const { return seen_; }
  // Notified at each change of `seen` apart from byte counts.
  Signal& changed() { return changed_; }
  void kill();   // SIGKILL to the whole tree; the exit report follows
  void leave();  // the sink is gone; draining goes on
  void close();  // no more draining: the container is gone

 private:
  SupervisorConnection(asio::any_io_executor executor, std::unique_ptr<engine::HijackedStream> stream,
                       std::uint32_t token);
  static Task<void> read(std::shared_ptr<SupervisorConnection> self);
  static Task<void> write(std::shared_ptr<SupervisorConnection> self);
  static Task<void> feed(std::shared_ptr<SupervisorConnection> self);
  void take(std::span<char> buffer);
  void take(FromSupervisor& event);
  void output(const ProgramOutput& output);
  void pass_on_output();
  void give_back(std::size_t bytes);
  void return_credit();
  void post(std::string frames);
  void fail_with(Error error);
  void send_job();

  asio::any_io_executor executor_;
  std::unique_ptr<engine::HijackedStream> stream_;
  const std::uint32_t token_;
  std::string job_;
  std::function<void()> on_began_;
  EventSink* sink_ = nullptr;
  std::shared_ptr<StdinPipe> input_;
  engine::StreamDemux demux_;
  SupervisorDecoder decoder_;
  SupervisorState seen_;
  Signal changed_;
  Signal to_write_;
  std::deque<std::string> outbox_;
  std::span<char> output_;  // that was taken and not passed on yet
  Channel output_channel_ = Channel::out;
  std::uint64_t credit_ = kOutputWindow;  // what the supervisor may still send, as far as we know
  std::uint64_t overdrawn_ = 0;           // what it sent beyond that
  std::uint64_t returned_ = 0;            // credit that came back and was not sent on yet
  std::uint64_t stdin_unconfirmed_ = 0;
  bool stdin_started_ = false;  // some of `input_` may be gone to the program
  bool assigned_ = false;
  bool job_sent_ = false;
  bool closed_ = false;
};

}  // namespace dind::sandbox
