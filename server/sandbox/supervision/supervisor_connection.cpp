#include "sandbox/supervision/supervisor_connection.hpp"

#include <csignal>
#include <cstring>

#include "engine/text.hpp"
#include "support/async/until.hpp"
#include "support/log/log.hpp"

namespace dind::sandbox {

namespace {

// Each return of credit is one message through the engine. So credit is returned in parts of at least kCreditPart, and
// only when the program has used half of its credit. With the other half it can write meanwhile.
constexpr std::uint64_t kCreditPart = SupervisorConnection::kOutputWindow / 8;
constexpr std::uint64_t kCreditLow = SupervisorConnection::kOutputWindow / 2;
constexpr std::size_t kMaxStrayOutput = 4096;
// At its end the supervisor sends what the program's two pipes hold, even beyond the window. A program may have
// enlarged the pipes. A sender of more than this is not the supervisor any more (S11).
constexpr std::uint64_t kMaxOverdrawn = 4U << 20;
constexpr std::size_t kReadSize = 256 * 1024;  // as much as a full socket buffer holds: few, large reads

std::unexpected<Error> no_supervisor(std::uint32_t version) {
  return fail(ErrorCode::internal, "The supervisor in the sandbox speaks version " + std::to_string(version) +
                                       " of its protocol, not " + std::to_string(supervision::kVersion) +
                                       "; remove the volumes named dind-supervisor-*, they are created again");
}

}  // namespace

SupervisorConnection::SupervisorConnection(asio::any_io_executor executor,
                                           std::unique_ptr<engine::HijackedStream> stream, std::uint32_t token)
    : executor_(std::move(executor)),
      stream_(std::move(stream)),
      token_(token),
      decoder_(token),
      changed_(executor_),
      to_write_(executor_) {}

std::shared_ptr<SupervisorConnection> SupervisorConnection::begin(asio::any_io_executor executor,
                                                                  std::unique_ptr<engine::HijackedStream> stream,
                                                                  std::uint32_t token) {
  std::shared_ptr<SupervisorConnection> self(new SupervisorConnection(std::move(executor), std::move(stream), token));
  spawn(self->executor_, "reading from a sandbox", read(self));
  spawn(self->executor_, "writing to a sandbox", write(self));
  return self;
}

void SupervisorConnection::send_job(std::string job, std::function<void()> on_started, EventSink& sink,
                                    std::shared_ptr<StdinPipe> input) {
  job_ = std::move(job);
  on_started_ = std::move(on_started);
  sink_ = &sink;
  input_ = std::move(input);
  assigned_ = true;
  post_job();
}

void SupervisorConnection::post_job() {
  if (!assigned_ || !state_.ready || state_.error || std::exchange(job_sent_, true)) return;
  // Without input, the end of stdin is sent with the job: one write for a whole run.
  if (!input_) job_ += stdin_end_frame();
  post(std::move(job_));
  stdin_started_ = true;
  if (input_) spawn(executor_, "a program's stdin", feed(shared_from_this()));
}

void SupervisorConnection::kill() { post(signal_frame(SIGKILL)); }

void SupervisorConnection::detach_sink() {
  sink_ = nullptr;
  // Closing the input wakes `feed`. An input that was never fed stays complete, for another attempt.
  if (const auto input = std::exchange(input_, nullptr); input && stdin_started_) input->close();
}

void SupervisorConnection::close() {
  closed_ = true;
  stream_->close();
  detach_sink();
  changed_.notify();
  to_write_.notify();
}

void SupervisorConnection::post(std::string frames) {
  if (state_.ended || closed_) return;
  outbox_.push_back(std::move(frames));
  to_write_.notify();
}

void SupervisorConnection::fail_with(Error error) {
  if (!state_.error) state_.error = std::move(error);
  changed_.notify();
}

Task<void> SupervisorConnection::read(std::shared_ptr<SupervisorConnection> self) {
  std::vector<char> buffer(kReadSize);
  while (!self->closed_) {
    const auto size = co_await self->stream_->read_some(buffer);
    if (!size) {
      if (!self->closed_) self->fail_with(size.error());
      break;
    }
    if (*size == 0) break;
    self->take({buffer.data(), *size});
  }
  self->state_.ended = true;
  self->changed_.notify();
  self->to_write_.notify();
}

Task<void> SupervisorConnection::write(std::shared_ptr<SupervisorConnection> self) {
  while (!self->state_.ended && !self->closed_) {
    if (self->outbox_.empty()) {
      co_await until(self->to_write_, [&] { return !self->outbox_.empty() || self->state_.ended || self->closed_; });
      continue;
    }
    std::string frames = std::move(self->outbox_.front());
    self->outbox_.pop_front();
    // The reader reports the reason. A sandbox that is ending reads no more, and this is not a failure.
    if (const auto written = co_await self->stream_->write(std::move(frames)); !written) co_return;
  }
}

Task<void> SupervisorConnection::feed(std::shared_ptr<SupervisorConnection> self) {
  const auto input = self->input_;
  const auto over = [&] { return self->state_.ended || self->closed_ || self->state_.report; };
  while (input && !over()) {
    const auto chunk = co_await input->next(kNoDeadline);
    if (!chunk) continue;
    if (chunk->empty()) break;
    std::string_view left = *chunk;
    while (!left.empty() && !over()) {
      const auto part = left.substr(0, supervision::kMaxPayload);
      co_await until(self->changed_,
                     [&] { return over() || self->stdin_unconfirmed_ + part.size() <= supervision::kStdinWindow; });
      if (over()) break;
      self->stdin_unconfirmed_ += part.size();
      self->post(stdin_frame(part));
      left.remove_prefix(part.size());
    }
  }
  self->post(stdin_end_frame());
}

void SupervisorConnection::take(std::span<char> buffer) {
  std::string_view bytes(buffer.data(), buffer.size());
  engine::StreamDemux::Chunk chunk{};
  while (!bytes.empty()) {
    const auto more = demux_.next(bytes, chunk);
    if (!more) {
      bytes = {};
      fail_with(more.error());
    } else if (*more && chunk.channel == 1 && !state_.error) {
      std::string_view frames = chunk.bytes;
      FromSupervisor event;
      while (true) {
        const auto taken = decoder_.next(frames, event);
        if (!taken) fail_with(taken.error());
        if (!taken || !*taken) break;
        take(event);
      }
    } else if (*more && chunk.channel != 1) {
      const auto room = kMaxStrayOutput - std::min(kMaxStrayOutput, state_.stray_output.size());
      state_.stray_output += chunk.bytes.substr(0, room);
    }
  }
  pass_on_output();
}

void SupervisorConnection::take(FromSupervisor& event) {
  if (state_.report) return;
  if (const auto* out = std::get_if<ProgramOutput>(&event)) {
    output(*out);
    return;
  }
  pass_on_output();
  if (const auto* taken = std::get_if<StdinTaken>(&event)) {
    stdin_unconfirmed_ -= std::min(stdin_unconfirmed_, taken->bytes);
  } else if (const auto* ready = std::get_if<SupervisorReady>(&event)) {
    if (state_.ready) return;
    state_.ready = true;
    if (ready->version != supervision::kVersion) {
      fail_with(no_supervisor(ready->version).error());
      return;
    }
    post_job();
  } else if (std::holds_alternative<ProgramStarted>(event)) {
    if (state_.started) return;
    state_.started = Clock::now();
    if (sink_ != nullptr && on_started_) on_started_();
  } else if (std::holds_alternative<MemoryLow>(event)) {
    state_.memory_low = true;
  } else if (auto* detail = std::get_if<ExecDetail>(&event)) {
    state_.detail = std::move(detail->text);
  } else if (auto* left = std::get_if<LeftFiles>(&event)) {
    state_.left = std::move(*left);
  } else if (const auto* report = std::get_if<supervision::ExitReport>(&event)) {
    state_.report = *report;
    post(report_received_frame());
  } else if (const auto* broken = std::get_if<SupervisorBroken>(&event)) {
    fail_with({ErrorCode::engine_error, "The sandbox could not be set up: " + engine::one_line(broken->why)});
  }
  changed_.notify();
}

// Joins output in the read buffer: moves the bytes over the frame headers between them. So the sink gets one piece.
void SupervisorConnection::output(const ProgramOutput& output) {
  if (output.channel != output_channel_) pass_on_output();
  output_channel_ = output.channel;
  const auto size = output.bytes.size();
  char* const bytes = const_cast<char*>(output.bytes.data());  // in the buffer that `take` got, which may be changed
  if (output_.empty())
    output_ = {bytes, 0};
  else
    std::memmove(output_.data() + output_.size(), bytes, size);
  output_ = {output_.data(), output_.size() + size};
}

void SupervisorConnection::pass_on_output() {
  const std::string_view bytes(output_.data(), output_.size());
  output_ = {};
  if (bytes.empty()) return;
  (output_channel_ == Channel::out ? state_.out_bytes : state_.err_bytes) += bytes.size();
  const auto paid = std::min<std::uint64_t>(credit_, bytes.size());
  credit_ -= paid;
  overdrawn_ += bytes.size() - paid;
  if (overdrawn_ > kMaxOverdrawn)
    return fail_with({ErrorCode::engine_error,
                      "The sandbox sent more output than it was allowed to. Check the engine and its kernel"});
  return_credit();
  if (sink_ == nullptr) {
    state_.dropped_bytes += bytes.size();
    give_back(bytes.size());
    return;
  }
  sink_->on_output(output_channel_, bytes, OutputCredit(bytes.size(), [weak = weak_from_this()](std::size_t returned) {
                     if (const auto self = weak.lock()) self->give_back(returned);
                   }));
}

void SupervisorConnection::give_back(std::size_t bytes) {
  returned_ += bytes;
  return_credit();
}

void SupervisorConnection::return_credit() {
  if (returned_ < kCreditPart || credit_ > kCreditLow) return;
  credit_ += returned_;
  post(window_frame(std::exchange(returned_, 0)));
}

}  // namespace dind::sandbox
