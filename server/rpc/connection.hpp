// A JSON-RPC connection over two descriptors: requests and notifications in, each request answered exactly once,
// messages out. Knows nothing of running code. All calls on the core's thread, on which nothing here ever blocks.
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
#include "support/cancel.hpp"
#include "support/fd_reader.hpp"
#include "support/fd_writer.hpp"
#include "support/task.hpp"

namespace dind::rpc {

class Connection;

// The one answer to a request. Dropped unanswered, it answers that this is a bug of ours.
class Reply {
 public:
  Reply() = default;
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) noexcept = default;
  ~Reply();

  // `hold` is let go when the answer has gone out.
  void result(Json value, std::shared_ptr<void> hold = {});
  void fail(Failure failure);
  // The client has given the request up, and has its answer (-32800): what is sent from now on is dropped.
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
    // What is answered where there was no room for a message (`ArrivingBody`).
    std::function<Failure()> no_room = [] {
      return Failure{code::kInternalError, "There is no memory for the message", nullptr};
    };
  };
  // How long a message may take that counts in the budget of those that are arriving, from its header on.
  static constexpr std::chrono::milliseconds kFrameTime{60'000};
  // `owns_fds`: both are closed with the connection, each when its thread has let go of it. They must differ then.
  static std::shared_ptr<Connection> open(asio::any_io_executor executor, int in_fd, int out_fd, Handlers handlers,
                                          bool owns_fds = false, std::chrono::milliseconds frame_time = kFrameTime);
  ~Connection();

  // Reads and dispatches until the client is gone (no Error), the stream is broken (Error) or `stop`. While the client
  // leaves 8 MiB of ours unread, not counting what has a hold, nothing more is read from it. A message that takes
  // longer than its time breaks the stream, and one that nobody can be told of: there was no room, and its id is
  // unknown.
  Task<Result<void>> serve();
  void stop();
  // Something that a request began and that ends by itself soon. While 256 of these are held, nothing more is read
  // from the client.
  std::shared_ptr<void> begin_work();
  // Until the client has read what it was sent but for 8 MiB, or is gone.
  Task<void> caught_up();

  // `hold` is let go when the message has gone out. Whoever gives one sends no more than so much while it is held.
  void notify(std::string_view method, Json params, std::shared_ptr<void> hold = {});
  // Errors: the client's own, or that it is gone. Not called back after `serve` has ended.
  void request(std::string_view method, Json params, std::function<void(Result<Json>)> answered);
  // True once everything so far is written; false when the deadline passed first.
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

  // Closes the descriptor where it is owned.
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
      open_;  // requests that wait for their answer, by the text of their id
  std::map<std::int64_t, std::function<void(Result<Json>)>> asked_;
  std::int64_t next_id_ = 1;
  FdWriter writer_;  // last: its end lets go of holds, which may look at the rest
};

}  // namespace dind::rpc
