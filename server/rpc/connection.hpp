// A JSON-RPC connection over two descriptors: takes requests and notifications, answers each request exactly once,
// sends messages. It knows nothing about running code. All calls on the core's thread, which it never blocks.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "dind/error.hpp"
#include "rpc/frame_reader.hpp"
#include "rpc/message.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"
#include "support/io/fd_reader.hpp"
#include "support/io/fd_writer.hpp"

namespace dind::rpc {

class Connection;

// The one answer to a request. If it is destroyed unanswered, it sends an internal error that reports a bug.
class Reply {
 public:
  Reply() = default;
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) noexcept = default;
  ~Reply();

  // `hold` is destroyed when the answer has been written.
  void result(Json value, std::shared_ptr<void> hold = {});
  void fail(Failure failure);
  // The client has cancelled the request and got its answer (-32800). Later answers are dropped.
  Cancel cancel() const;

 private:
  friend class Connection;
  struct State;
  explicit Reply(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Handlers {
    std::function<void(Request, Reply)> request;
    std::function<void(Notification)> notification;
    // The answer if there is no memory for a message (`ArrivingBody`).
    std::function<Failure()> no_room = [] {
      return Failure{code::kInternalError, "There is no memory for the message", nullptr};
    };
  };
  // The max time from its header on for a message that counts in the budget of arriving bodies.
  static constexpr std::chrono::milliseconds kFrameTime{60'000};
  // `owns_fds`: both are closed with the connection, each when its thread no longer uses it. Then they must differ.
  static std::shared_ptr<Connection> open(asio::any_io_executor executor, int in_fd, int out_fd, Handlers handlers,
                                          bool owns_fds = false, std::chrono::milliseconds frame_time = kFrameTime);
  ~Connection();

  // Reads and dispatches until the client is gone (no Error), the stream is broken (Error) or `stop`. While more than 8
  // MiB of our messages are unread, nothing more is read from the client; messages with a hold do not count. Two more
  // cases break the stream: a message that exceeds its time, and one without memory for it whose id is unknown.
  Task<Result<void>> serve();
  void stop();
  // Registers work that a request began and that ends by itself soon. While 256 of these objects are held, nothing more
  // is read from the client.
  std::shared_ptr<void> begin_work();
  // Waits until at most 8 MiB of our messages are unread, or the client is gone.
  Task<void> caught_up();

  // `hold` is destroyed when the message has been written. The caller bounds how much it sends while holds are open.
  void notify(std::string_view method, Json params, std::shared_ptr<void> hold = {});
  // Errors: those of the client. `answered` is not called after `serve` has ended.
  void request(std::string_view method, Json params, std::function<void(Result<Json>)> answered);
  // True once everything so far is written; false if the deadline passes first.
  Task<bool> flushed(Deadline deadline);

 private:
  Connection(asio::any_io_executor executor, int in_fd, int out_fd, Handlers handlers, bool owns_fds,
             std::chrono::milliseconds frame_time);
  Task<Result<void>> read_all();
  Task<void> until_may_read();
  bool is_late() const;
  Result<void> take_body(const std::string& body);
  void take(Message message);
  void take_request(Request request);
  void cancel_request(const Json& params);
  void send(std::string body, std::shared_ptr<void> hold = {});
  void send_counted(std::string body, std::shared_ptr<void> also = {});
  bool may_read() const;
  void answered(const Json& id);
  friend class Reply;

  // Closes the descriptor if it owns it.
  struct OutFd {
    int fd;
    bool owned;
    OutFd(int f, bool o) : fd(f), owned(o) {}
    OutFd(const OutFd&) = delete;
    OutFd& operator=(const OutFd&) = delete;
    ~OutFd();
  };

  Handlers handlers_;
  OutFd out_;  // outlives the writer
  FdReader reader_;
  FrameReader frames_;
  std::chrono::milliseconds frame_time_;
  std::optional<Deadline> frame_due_;  // of the large message that is arriving
  Signal progress_;
  std::size_t unsent_ = 0;  // bytes of messages without a hold
  std::size_t works_ = 0;
  bool stopped_ = false;
  std::map<std::string, std::weak_ptr<Reply::State>>
      open_;  // requests without an answer so far, by the text of their id
  std::map<std::int64_t, std::function<void(Result<Json>)>> asked_;
  std::int64_t next_id_ = 1;
  FdWriter writer_;  // last: its destructor destroys holds, which may use the other members
};

}  // namespace dind::rpc
