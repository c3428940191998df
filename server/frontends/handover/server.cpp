#include "frontends/handover/server.hpp"

#include <unistd.h>

#include <deque>
#include <utility>

#include "frontends/handover/connection.hpp"
#include "frontends/handover/socket_path.hpp"
#include "frontends/shared/accept.hpp"
#include "support/async/until.hpp"
#include "support/log/log.hpp"

namespace dind::frontends::handover {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMaxClients = 64;
constexpr auto kSocketCheckInterval = 5s;  // how often to check whether another server has gone
constexpr auto kAskTime = 10s;             // from the connection to the request, which is ready by then
constexpr auto kFlushTime = 10s;           // for a client that is slow to read the end

std::optional<CancelReason> reason_of(std::string_view text) {
  for (const auto each :
       {CancelReason::user, CancelReason::deadline, CancelReason::shutdown, CancelReason::client_gone})
    if (to_string(each) == text) return each;
  return std::nullopt;
}

// One client and its run.
class Client final : public EventSink, public std::enable_shared_from_this<Client> {
 public:
  Client(asio::any_io_executor executor, RunService& runs) : executor_(executor), runs_(runs), changed_(executor) {}

  // `closing`: no new run begins. `stop`: cancels the run.
  static Task<void> serve(std::shared_ptr<Client> self, int fd, Cancel closing, Cancel stop) {
    self->connection_ = Connection::open(self->executor_, fd, [weak = std::weak_ptr(self)](const Frame& heard) {
      if (const auto alive = weak.lock()) alive->hear(heard);
    });
    self->connection_->send(frame(Type::hello, {}));
    const auto stopped = stop.on_cancel([self] { self->cancel_.cancel(CancelReason::shutdown); });
    const Deadline ask_by = in(kAskTime);
    while (!self->request_ && !self->connection_->ended() && !stop.cancelled() && Clock::now() < ask_by)
      co_await self->changed_.wait(std::min(ask_by, in(100ms)));
    if (self->request_) {
      spawn(self->executor_, "watching a client", watch(self));
      std::shared_ptr<StdinPipe> input;
      if (self->request_->has_input) {
        input = self->input_ = std::make_shared<StdinPipe>(self->executor_);
        spawn(self->executor_, "input from a client", ask_for_input(self, input));
      }
      Result<RunResult> result =
          fail(ErrorCode::internal, "The run ended without a result: this is a bug in dind-executor");
      try {
        result = co_await self->runs_.run(std::move(self->request_->spec), *self, std::move(input), self->cancel_);
      } catch (const std::exception& e) {  // the client still gets the run's end
        result = fail(ErrorCode::internal, std::string("A bug in dind-executor ended the run: ") + e.what());
      }
      self->over_ = true;
      self->changed_.notify();
      const bool sent_away =
          !result && (result.error().code == ErrorCode::cancelled || result.error().code == ErrorCode::busy);
      const bool ends = closing.cancelled() || stop.cancelled();
      self->connection_->send(sent_away && ends && !self->began_ ? frame(Type::back, {})
                                                                 : frame(Type::end, encode(result)));
      co_await self->connection_->flushed(in(kFlushTime));
    }
    self->credits_.clear();
    self->connection_->close();
  }

  void on_state(const StateChange& change) override {
    began_ = began_ || std::holds_alternative<Started>(change);
    connection_->send(frame(Type::state, encode(change)));
  }
  void on_output(Channel channel, std::string_view bytes, OutputCredit credit) override {
    connection_->send(frame(channel == Channel::out ? Type::out : Type::err, bytes));
    credits_.emplace_back(bytes.size(), std::move(credit));
  }

 private:
  // If the client has gone, cancels the run.
  static Task<void> watch(std::shared_ptr<Client> self) {
    co_await until(self->connection_->changed(), [&] { return self->connection_->ended() || self->over_; });
    if (!self->over_) self->cancel_.cancel(CancelReason::client_gone);
    self->credits_.clear();
  }

  // Does not read ahead of what the program takes: a terminal's next line may be for another program.
  static Task<void> ask_for_input(std::shared_ptr<Client> self, std::shared_ptr<StdinPipe> pipe) {
    while (!self->over_ && !self->connection_->ended()) {
      if (!co_await pipe->wanted(in(1s))) continue;
      self->got_input_ = false;
      self->connection_->send(frame(Type::more, {}));
      co_await until(self->changed_, [&] { return self->got_input_ || self->over_ || self->connection_->ended(); });
      if (self->input_ended_) break;
    }
    pipe->close();
  }

  void hear(const Frame& heard) {
    if (heard.type == Type::run && !request_) {
      RunRequestFrame request;
      if (!decode(heard.payload, request)) return connection_->close();
      request.spec.caller.frontend = "cli";
      request.spec.caller.handed_over = true;
      request_.emplace(std::move(request));
    } else if (heard.type == Type::input && input_) {
      got_input_ = true;
      input_ended_ = heard.payload.empty();
      began_ = began_ || !input_ended_;
      if (!input_ended_) input_->push(std::string(heard.payload));
    } else if (heard.type == Type::taken) {
      let_go(number_of(heard.payload).value_or(0));
    } else if (heard.type == Type::cancel) {
      if (const auto reason = reason_of(heard.payload)) cancel_.cancel(*reason);
    }
    changed_.notify();
  }

  // Returns the credits of chunks that the client has written, in order.
  void let_go(std::uint64_t bytes) {
    went_out_ += bytes;
    while (!credits_.empty() && credits_.front().first <= went_out_) {
      went_out_ -= credits_.front().first;
      credits_.pop_front();
    }
  }

  asio::any_io_executor executor_;
  RunService& runs_;
  Signal changed_;
  std::shared_ptr<Connection> connection_;
  std::optional<RunRequestFrame> request_;
  std::shared_ptr<StdinPipe> input_;
  std::deque<std::pair<std::size_t, OutputCredit>> credits_;
  std::uint64_t went_out_ = 0;
  bool began_ = false;  // the program has begun or has got input: it can't be run again
  bool got_input_ = false;
  bool input_ended_ = false;
  bool over_ = false;
  Cancel cancel_;
};

Task<void> serve_one(asio::any_io_executor executor, int fd, RunService& runs, Cancel closing, Cancel stop) {
  if (!is_ours(fd)) {
    ::close(fd);
    co_return;
  }
  co_await Client::serve(std::make_shared<Client>(std::move(executor), runs), fd, std::move(closing), std::move(stop));
}

}  // namespace

Task<void> take_runs(asio::any_io_executor executor, RunService& runs, std::string path, Cancel closing, Cancel stop) {
  while (!closing.cancelled() && !path.empty()) {
    auto socket = UnixSocket::listen(path, 0600);
    if (socket)
      co_return co_await accept_clients(
          executor, std::move(*socket), kMaxClients,
          [&](int fd) { return serve_one(executor, fd, runs, closing, stop); }, std::make_shared<IdleClients>(),
          closing);
    log(LogLevel::debug, "This server does not accept handed-over runs: " + socket.error().message);
    co_await sleep_for(kSocketCheckInterval, closing);
  }
}

}  // namespace dind::frontends::handover
