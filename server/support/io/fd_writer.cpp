#include "support/io/fd_writer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "support/async/until.hpp"

namespace dind {

namespace {

// Writes to one descriptor without ever blocking in a write.
class Outlet {
 public:
  explicit Outlet(int fd) : fd_(fd) {
    struct stat status{};
    if (fstat(fd, &status) != 0) return;
    if (S_ISREG(status.st_mode)) {
      step_ = kMuch;
    } else if (S_ISSOCK(status.st_mode)) {
      step_ = kMuch;
      socket_ = true;
    } else if (S_ISFIFO(status.st_mode)) {
      // O_NONBLOCK belongs to the open file description, which other processes share. So the pipe is opened again. If
      // that is not allowed: a pipe that polls writable takes PIPE_BUF bytes.
      own_ = ::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
      if (own_ >= 0) step_ = kMuch;
    }
  }
  Outlet(Outlet&& other) noexcept
      : fd_(other.fd_), own_(std::exchange(other.own_, -1)), socket_(other.socket_), step_(other.step_) {}
  Outlet& operator=(Outlet&&) = delete;
  ~Outlet() {
    if (own_ >= 0) ::close(own_);
  }

  bool never_waits() const { return own_ >= 0 || socket_; }

  // Writes what goes out at once, and removes it from `bytes`. Returns 0 or the errno of the write. Only if
  // never_waits().
  int write_some(std::string_view& bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = put(bytes.substr(0, step_));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno == EAGAIN ? 0 : errno;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
  }

  // Returns 0 or the errno of the write; ECANCELED if `wake` became readable.
  int write_all(std::string_view bytes, int wake) const {
    bool ready = never_waits();  // otherwise only when poll says that it is writable
    while (!bytes.empty()) {
      if (!ready) {
        pollfd both[2] = {{fd_, POLLOUT, 0}, {wake, POLLIN, 0}};
        if (poll(both, 2, -1) < 0) {
          if (errno == EINTR) continue;
          return errno;
        }
        if (both[1].revents != 0) return ECANCELED;
      }
      const ssize_t written = put(bytes.substr(0, step_));
      ready = false;
      if (written < 0) {
        if (errno == EINTR || errno == EAGAIN) continue;
        return errno;
      }
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
  }

 private:
  ssize_t put(std::string_view bytes) const {
    return socket_ ? ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                   : ::write(own_ >= 0 ? own_ : fd_, bytes.data(), bytes.size());
  }

  static constexpr std::size_t kMuch = 1 << 20;
  int fd_;
  int own_ = -1;
  bool socket_ = false;
  std::size_t step_ = 4096;  // PIPE_BUF
};

}  // namespace

// The part that only the core's thread uses.
struct FdWriter::Home {
  explicit Home(const asio::any_io_executor& executor) : progress(executor) {}
  Signal progress;
  std::size_t given = 0;  // chunks
  std::size_t done = 0;
  std::function<void(int, int)> on_failure;
  std::map<int, const Outlet*> outlets;  // they belong to the state
};

// What the two threads share.
struct FdWriter::State {
  struct Chunk {
    int fd;
    std::string bytes;
    std::shared_ptr<void> hold;
  };
  explicit State(asio::any_io_executor e, std::shared_ptr<Home> h)
      : executor(std::move(e)), home(std::move(h)), wake(eventfd(0, EFD_CLOEXEC)) {
    if (wake < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  ~State() { ::close(wake); }

  asio::any_io_executor executor;
  std::shared_ptr<Home> home;
  int wake;  // readable: stop

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Chunk> queue;
  std::map<int, Outlet> outlets;  // entries are added with the lock held; both threads use them without it
  std::vector<std::shared_ptr<void>> in_flight;  // holds of the chunks that are being written
  bool stop = false;
  bool ended = false;
};

FdWriter::FdWriter(asio::any_io_executor executor, std::function<void(int fd, int error)> on_failure)
    : home_(std::make_shared<Home>(executor)) {
  home_->on_failure = std::move(on_failure);
  state_ = std::make_shared<State>(std::move(executor), home_);
  std::thread([state = state_] { run(state); }).detach();
}

FdWriter::~FdWriter() {
  home_->on_failure = nullptr;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto ignored = ::write(state_->wake, &one, sizeof one);
  std::deque<State::Chunk> dropped;  // holds are destroyed here, on the core's thread, without the lock
  std::vector<std::shared_ptr<void>> in_flight;
  std::unique_lock lock(state_->mutex);
  state_->stop = true;
  dropped.swap(state_->queue);
  in_flight.swap(state_->in_flight);
  state_->changed.notify_all();
  // The wait is bounded: a stopped terminal (Ctrl-S) may block a write. Then the thread ends with the process.
  state_->changed.wait_for(lock, std::chrono::milliseconds(200), [this] { return state_->ended; });
}

// Writes a large chunk at once if the queue is empty and the descriptor takes it: another thread would cost more than
// the write. Many small chunks cost the core less as batches in the thread.
void FdWriter::write_now(int fd, std::string_view& left) {
  constexpr std::size_t kLarge = 4096;
  if (left.size() < kLarge || home_->given != home_->done) return;
  const Outlet*& known = home_->outlets[fd];
  if (known == nullptr) {
    const std::lock_guard lock(state_->mutex);
    known = &state_->outlets.try_emplace(fd, fd).first->second;
  }
  // The thread reports a failure: it meets the same error with the remaining bytes.
  if (known->never_waits()) (void)known->write_some(left);
}

void FdWriter::write_later(int fd, std::string bytes, std::shared_ptr<void> hold) {
  ++home_->given;
  const std::lock_guard lock(state_->mutex);
  state_->queue.push_back({fd, std::move(bytes), std::move(hold)});
  state_->changed.notify_all();
}

void FdWriter::write(int fd, std::string bytes, std::shared_ptr<void> hold) {
  std::string_view left = bytes;
  write_now(fd, left);
  const auto gone = bytes.size() - left.size();
  if (gone != 0 && left.empty()) return;
  bytes.erase(0, gone);
  write_later(fd, std::move(bytes), std::move(hold));
}

void FdWriter::pass_on(int fd, std::string_view bytes, std::shared_ptr<void> hold) {
  write_now(fd, bytes);
  if (!bytes.empty()) write_later(fd, std::string(bytes), std::move(hold));
}

Task<bool> FdWriter::flushed(Deadline deadline) {
  const auto home = home_;
  const auto target = home->given;
  co_return co_await until(home->progress, [&] { return home->done >= target; }, deadline);
}

void FdWriter::run(const std::shared_ptr<State>& state) {
  constexpr std::size_t kBatch = 1 << 20;  // bytes that are written together
  std::map<int, int> failed;               // descriptor → errno
  std::unique_lock lock(state->mutex);
  while (true) {
    state->changed.wait(lock, [&] { return state->stop || !state->queue.empty(); });
    if (state->stop) break;
    // Joins all queued chunks of one descriptor: much output becomes a few large writes and one message to the core.
    const int fd = state->queue.front().fd;
    std::string bytes = std::move(state->queue.front().bytes);
    std::size_t chunks = 0;
    do {
      if (chunks++ > 0) bytes += state->queue.front().bytes;
      state->in_flight.push_back(std::move(state->queue.front().hold));
      state->queue.pop_front();
    } while (!state->queue.empty() && state->queue.front().fd == fd && bytes.size() < kBatch);
    const Outlet& outlet = state->outlets.try_emplace(fd, fd).first->second;
    lock.unlock();
    int error = 0;
    if (!failed.contains(fd)) {
      error = outlet.write_all(bytes, state->wake);
      if (error != 0) failed.emplace(fd, error);
    }
    lock.lock();
    if (state->stop) break;  // the io_context may be destroyed already
    // Holds and callbacks belong to the core's thread.
    asio::post(state->executor,
               [home = state->home, holds = std::exchange(state->in_flight, {}), chunks, fd, error]() mutable {
                 holds.clear();
                 home->done += chunks;
                 if (error != 0 && home->on_failure) home->on_failure(fd, error);
                 home->progress.notify();
               });
  }
  state->ended = true;
  state->changed.notify_all();
}

}  // namespace dind
