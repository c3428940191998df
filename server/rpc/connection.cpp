#include "rpc/connection.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "support/async/until.hpp"
#include "support/log/log.hpp"

namespace dind::rpc {

namespace {

constexpr std::size_t kMaxUnsent = 8U << 20;
constexpr std::size_t kMaxWorks = 256;

}  // namespace

struct Reply::State {
  std::weak_ptr<Connection> connection;
  Json id;
  Cancel cancel;
  bool open = true;

  void answer(std::string text, std::shared_ptr<void> hold = {}) {
    if (!std::exchange(open, false)) return;
    if (const auto alive = connection.lock()) {
      alive->answered(id);
      alive->send_counted(std::move(text), std::move(hold));
    }
  }
};

Reply::~Reply() {
  if (state_ && state_->open)
    fail({code::kInternalError, "The request got no answer: this is a bug in dind-executor", nullptr});
}
void Reply::result(Json value, std::shared_ptr<void> hold) {
  if (state_ && state_->open) state_->answer(result_text(state_->id, std::move(value)), std::move(hold));
}
void Reply::fail(Failure failure) {
  if (state_ && state_->open) state_->answer(failure_text(state_->id, failure));
}
Cancel Reply::cancel() const { return state_ ? state_->cancel : Cancel(); }

Connection::Connection(asio::any_io_executor executor, int in_fd, int out_fd, Handlers handlers, bool owns_fds,
                       std::chrono::milliseconds frame_time)
    : handlers_(std::move(handlers)),
      out_(out_fd, owns_fds),
      reader_(executor, in_fd, owns_fds),
      frame_time_(frame_time),
      progress_(executor),
      writer_(executor, [this](int, int error) {
        log(LogLevel::info, "The client no longer reads (" + std::generic_category().message(error) + ")");
        stop();
      }) {}

Connection::~Connection() = default;

Connection::OutFd::~OutFd() {
  if (owned) ::close(fd);
}

std::shared_ptr<Connection> Connection::open(asio::any_io_executor executor, int in_fd, int out_fd, Handlers handlers,
                                             bool owns_fds, std::chrono::milliseconds frame_time) {
  return std::shared_ptr<Connection>(
      new Connection(std::move(executor), in_fd, out_fd, std::move(handlers), owns_fds, frame_time));
}

void Connection::stop() {
  stopped_ = true;
  reader_.stop();
  progress_.notify();
}

Task<Result<void>> Connection::serve() {
  const auto self = shared_from_this();
  auto ended = co_await read_all();
  frames_.let_go();  // this object may live longer
  stopped_ = true;
  asked_.clear();
  co_return ended;
}

Task<Result<void>> Connection::read_all() {
  while (!stopped_) {
    co_await until_may_read();
    const std::string bytes = is_late() ? std::string() : co_await reader_.next(frame_due_.value_or(Deadline::max()));
    if (stopped_ && bytes.empty()) break;
    if (bytes.empty()) co_return is_late() ? Result<void>(frames_.too_slow(frame_time_)) : frames_.at_end();
    std::string_view input = bytes;
    while (!input.empty() && !stopped_) {
      const auto body = frames_.next(input);
      if (!body) co_return std::unexpected(body.error());
      if (*body) {
        frame_due_.reset();
        if (auto taken = take_body(**body); !taken) co_return taken;
      }
      if (frames_.is_within_large() && !frame_due_) frame_due_ = in(frame_time_);
      co_await until_may_read();
    }
  }
  co_return Result<void>{};
}

bool Connection::is_late() const { return frame_due_ && Clock::now() >= *frame_due_; }

// A message that is arriving keeps its deadline meanwhile: a client that reads no answers cannot keep memory forever.
Task<void> Connection::until_may_read() {
  co_await until(progress_, [this] { return may_read() || stopped_ || is_late(); }, frame_due_.value_or(kNoDeadline));
}

Result<void> Connection::take_body(const std::string& body) {
  if (!frames_.was_cut()) {
    take(parse_message(body));
    return {};
  }
  Json id = id_in(body);
  const bool known = !id.is_null();
  take(Invalid{std::move(id), handlers_.no_room()});
  // With an unknown id no answer is possible, and the client would wait for it forever.
  return known ? Result<void>{} : Result<void>(FrameReader::nameless());
}

void Connection::take(Message message) try {
  if (auto* request = std::get_if<Request>(&message)) {
    take_request(std::move(*request));
  } else if (auto* notification = std::get_if<Notification>(&message)) {
    if (notification->method == "$/cancelRequest")
      cancel_request(notification->params);
    else
      handlers_.notification(std::move(*notification));
  } else if (auto* response = std::get_if<Response>(&message)) {
    if (!response->id.is_number_integer()) return;
    auto found = asked_.extract(response->id.get<std::int64_t>());
    if (found.empty()) return;
    if (response->failure)
      found.mapped()(dind::fail(ErrorCode::internal, response->failure->message));
    else
      found.mapped()(std::move(response->result));
  } else {
    const auto& invalid = std::get<Invalid>(message);
    send(failure_text(invalid.id, invalid.failure));
  }
} catch (const std::exception& e) {
  // A bug in a handler. Its request was answered when the Reply was destroyed; the connection goes on.
  log(LogLevel::error, std::string("A message could not be handled: ") + e.what());
}

void Connection::take_request(Request request) {
  const std::string key = request.id.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (open_.contains(key)) {
    send(failure_text(request.id, {code::kInvalidRequest, "A request with this id is still open", nullptr}));
    return;
  }
  auto state = std::make_shared<Reply::State>();
  state->connection = weak_from_this();
  state->id = request.id;
  open_[key] = state;
  handlers_.request(std::move(request), Reply(std::move(state)));
}

void Connection::cancel_request(const Json& params) {
  const auto id = params.is_object() ? params.find("id") : params.end();
  if (id == params.end()) return;
  const auto found = open_.find(id->dump(-1, ' ', false, Json::error_handler_t::replace));
  if (found == open_.end()) return;
  if (const auto state = found->second.lock()) {
    state->answer(failure_text(state->id, {code::kRequestCancelled, "The request was cancelled", nullptr}));
    state->cancel.cancel(CancelReason::user);
  }
}

void Connection::answered(const Json& id) { open_.erase(id.dump(-1, ' ', false, Json::error_handler_t::replace)); }

bool Connection::may_read() const { return unsent_ <= kMaxUnsent && works_ < kMaxWorks; }

std::shared_ptr<void> Connection::begin_work() {
  ++works_;
  return {nullptr, [weak = weak_from_this()](void*) {
            if (const auto self = weak.lock()) {
              --self->works_;
              self->progress_.notify();
            }
          }};
}

Task<void> Connection::caught_up() {
  const auto self = shared_from_this();
  co_await until(self->progress_, [&] { return self->unsent_ <= kMaxUnsent || self->stopped_; });
}

void Connection::send(std::string body, std::shared_ptr<void> hold) {
  // The sender bounds messages with a hold. If they were counted, unread output would stop us from reading the request
  // that ends the run.
  if (hold)
    writer_.write(out_.fd, framed(body), std::move(hold));
  else
    send_counted(std::move(body));
}

void Connection::send_counted(std::string body, std::shared_ptr<void> also) {
  std::string bytes = framed(body);
  unsent_ += bytes.size();
  const auto size = bytes.size();
  auto counted = std::shared_ptr<void>(nullptr, [weak = weak_from_this(), size, also = std::move(also)](void*) {
    if (const auto self = weak.lock()) {
      self->unsent_ -= size;
      self->progress_.notify();
    }
  });
  writer_.write(out_.fd, std::move(bytes), std::move(counted));
}

void Connection::notify(std::string_view method, Json params, std::shared_ptr<void> hold) {
  send(notification_text(method, std::move(params)), std::move(hold));
}

void Connection::request(std::string_view method, Json params, std::function<void(Result<Json>)> answered) {
  const auto id = next_id_++;
  asked_[id] = std::move(answered);
  send(request_text(id, method, std::move(params)));
}

Task<bool> Connection::flushed(Deadline deadline) {
  const auto self = shared_from_this();
  co_return co_await writer_.flushed(deadline);
}

}  // namespace dind::rpc
