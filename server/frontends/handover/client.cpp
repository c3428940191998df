#include "frontends/handover/client.hpp"

#include <utility>

#include "frontends/handover/connection.hpp"
#include "frontends/handover/socket_path.hpp"
#include "support/async/until.hpp"

namespace dind::frontends::handover {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kTakenPart = 128 * 1024;  // bytes; written output is acknowledged in parts of this size
constexpr auto kAnswerTime = 300ms;
constexpr auto kHelloTime = 300ms;  // a server that is stopped or full does not count

// What the frames of the connection change, while the run is waited for.
struct HandoverRun {
  HandoverRun(asio::any_io_executor e, EventSink& s, std::shared_ptr<StdinPipe> i)
      : executor(std::move(e)), sink(&s), input(std::move(i)) {}

  asio::any_io_executor executor;
  EventSink* sink;
  std::shared_ptr<StdinPipe> input;
  std::shared_ptr<Connection> connection;
  std::uint64_t taken = 0;
  bool hello_received = false;
  bool given_back = false;
  std::optional<Result<RunResult>> result;

  void output(Channel channel, std::string_view bytes, const std::weak_ptr<HandoverRun>& self) {
    sink->on_output(channel, bytes, OutputCredit(bytes.size(), [self](std::size_t count) {
                      if (const auto alive = self.lock()) alive->went_out(count);
                    }));
  }
  void went_out(std::size_t count) {
    taken += count;
    if (taken >= kTakenPart && connection) connection->send(number_frame(Type::taken, std::exchange(taken, 0)));
  }
  static Task<void> send_input(std::shared_ptr<HandoverRun> self) {
    while (self->sink != nullptr) {
      const auto chunk = co_await self->input->next(kNoDeadline);
      if (!chunk) continue;
      if (self->connection) self->connection->send(frame(Type::input, *chunk));
      co_return;
    }
  }
  void hear(const Frame& heard, const std::shared_ptr<HandoverRun>& self) {
    if (sink == nullptr || result || given_back) return;
    if (heard.type == Type::hello) {
      hello_received = true;
      connection->changed().notify();
      return;
    }
    if (heard.type == Type::out || heard.type == Type::err) {
      output(heard.type == Type::out ? Channel::out : Channel::err, heard.payload, self);
    } else if (heard.type == Type::state) {
      if (StateChange change; decode(heard.payload, change)) sink->on_state(change);
    } else if (heard.type == Type::more && input) {
      spawn(executor, "input for another dind-executor process", send_input(self));
    } else if (heard.type == Type::back) {
      given_back = true;
      connection->changed().notify();
    } else if (heard.type == Type::end) {
      Result<RunResult> end =
          fail(ErrorCode::internal, "The server's answer can't be decoded: this is a bug in dind-executor");
      decode(heard.payload, end);
      result = std::move(end);
      connection->changed().notify();
    }
  }
};

}  // namespace

Task<Result<RunResult>> HandoverClient::run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input,
                                            Cancel cancel) {
  const auto handover = std::make_shared<HandoverRun>(executor_, sink, input);
  if (const int fd = connect_to(path_); fd >= 0) {
    handover->connection = Connection::open(executor_, fd, [weak = std::weak_ptr(handover)](const Frame& heard) {
      if (const auto alive = weak.lock()) alive->hear(heard, alive);
    });
    const Deadline greet_by = in(kHelloTime);
    while (!handover->hello_received && !handover->connection->ended() && Clock::now() < greet_by)
      co_await handover->connection->changed().wait(greet_by);
  }
  if (!handover->hello_received) {
    handover->sink = nullptr;
    if (handover->connection) std::exchange(handover->connection, nullptr)->close();
    co_return co_await run_here(std::move(spec), sink, std::move(input), std::move(cancel));
  }
  const auto connection = handover->connection;
  RunRequestFrame request{.spec = std::move(spec), .has_input = input != nullptr};
  connection->send(frame(Type::run, encode(request)));
  std::optional<Deadline> answer_by;
  const auto heard = cancel.on_cancel([&] {
    answer_by = in(kAnswerTime);
    connection->send(frame(Type::cancel, to_string(*cancel.reason())));
    connection->changed().notify();
  });
  while (!handover->result && !handover->given_back && !connection->ended() &&
         !(answer_by && Clock::now() >= *answer_by)) {
    const Deadline next_check = answer_by ? *answer_by : in(kRecheckInterval);
    co_await connection->changed().wait(next_check);
  }
  handover->sink = nullptr;
  auto result = std::move(handover->result);
  connection->close();
  handover->connection = nullptr;
  if (handover->given_back && !cancel.cancelled())
    co_return co_await run_here(std::move(request.spec), sink, std::move(input), std::move(cancel));
  if (result) co_return std::move(*result);
  if (cancel.cancelled()) co_return fail(ErrorCode::cancelled, "The run was cancelled");
  co_return fail(ErrorCode::internal,
                 "The server of this run ended; run it again, or without a server (--no-handover)");
}

Task<Result<RunResult>> HandoverClient::run_here(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe> input,
                                                 Cancel cancel) {
  const auto own = own_();
  if (!own) co_return std::unexpected(own.error());
  running_ = *own;
  co_return co_await running_->run(std::move(spec), sink, std::move(input), std::move(cancel));
}

Task<bool> HandoverClient::wait_all_removed(Deadline deadline) {
  if (running_ == nullptr) co_return true;
  co_return co_await running_->wait_all_removed(deadline);
}

Task<bool> HandoverClient::wait_all_removed_but_auto(Deadline deadline) {
  if (running_ == nullptr) co_return true;
  co_return co_await running_->wait_all_removed_but_auto(deadline);
}

}  // namespace dind::frontends::handover
