// The server's end of the connection to the supervisor of one sandbox.
//
// It sends the job when the supervisor is ready, passes output on against credit, and feeds stdin.
// It reads the stream from the first byte to the last and never stops: an unread stream would block the engine.
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
#include "sandbox/supervision/frame_codec.hpp"
#include "sandbox/supervision/supervisor_state.hpp"
#include "support/async/task.hpp"
#include "support/io/stdin_pipe.hpp"

namespace dind::sandbox {

class SupervisorConnection : public std::enable_shared_from_this<SupervisorConnection> {
 public:
  // Max bytes of output that may be on the way to a frontend at once. If they are used up, the program waits.
  static constexpr std::uint64_t kOutputWindow = 1 << 20;

  // `token`: the supervisor's frames carry it after the supervisor has its job.
  static std::shared_ptr<SupervisorConnection> begin(asio::any_io_executor executor,
                                                     std::unique_ptr<engine::HijackedStream> stream,
                                                     std::uint32_t token);

  // Sends the job (with this token) as soon as the supervisor is ready. Call it only once.
  // `on_started` is called when the program starts, before any of its output reaches `sink`. `sink` must live until
  // `detach_sink`. `input` null: stdin is empty.
  void send_job(std::string job, std::function<void()> on_started, EventSink& sink, std::shared_ptr<StdinPipe> input);
  std::uint32_t token() const { return token_; }
  const SupervisorState& state() const { return state_; }
  // Notified at each change of `state`, except of its byte counts.
  Signal& changed() { return changed_; }
  void kill();         // sends SIGKILL to the whole process tree; the exit report follows
  void detach_sink();  // detaches the sink; the stream is still drained
  void close();        // ends the draining; for when the container is gone

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
  void post_job();

  asio::any_io_executor executor_;
  std::unique_ptr<engine::HijackedStream> stream_;
  const std::uint32_t token_;
  std::string job_;
  std::function<void()> on_started_;
  EventSink* sink_ = nullptr;
  std::shared_ptr<StdinPipe> input_;
  engine::StreamDemux demux_;
  SupervisorDecoder decoder_;
  SupervisorState state_;
  Signal changed_;
  Signal to_write_;
  std::deque<std::string> outbox_;
  std::span<char> output_;  // received and not passed on yet
  Channel output_channel_ = Channel::out;
  std::uint64_t credit_ = kOutputWindow;  // bytes that the supervisor may still send, as far as the server knows
  std::uint64_t overdrawn_ = 0;           // bytes that it sent beyond its credit
  std::uint64_t returned_ = 0;            // credit that came back and is not sent on yet
  std::uint64_t stdin_unconfirmed_ = 0;
  bool stdin_started_ = false;  // the program may have received some of `input_`
  bool assigned_ = false;
  bool job_sent_ = false;
  bool closed_ = false;
};

}  // namespace dind::sandbox
