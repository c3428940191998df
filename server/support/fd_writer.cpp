#include "support/fd_writer.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

namespace dind {

// The core's side: touched on the core's thread only.
struct FdWriter::Home {
  explicit Home(const asio::any_io_executor& executor) : progress(executor) {}
  Signal progress;
  std::size_t given = 0;  // chunks
  std::size_t done = 0;
  std::function<void(int, int)> on_failure;
};

// The one place where two threads meet.
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
  std::shared_ptr<void> in_flight;  // of the chunk that is being written
  bool stop = false;
  bool ended = false;

  std::map<int, int> failed;  // fd → errno; the writing thread's own
};

namespace {

// How much one write may hold so that it doesn't block after poll: a pipe that polls writable has room for PIPE_BUF.
std::size_t step_of(int fd) {
  struct stat status{};
  constexpr std::size_t kPipe = 4096;
  constexpr std::size_t kFile = 1 << 20;
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? kFile : kPipe;
}

// 0, or the errno of the write that failed; ECANCELED when `wake` became readable.
int write_all(int fd, std::string_view bytes, int wake) {
  const auto step = step_of(fd);
  while (!bytes.empty()) {
    pollfd both[2] = {{fd, POLLOUT, 0}, {wake, POLLIN, 0}};
    if (poll(both, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    if (both[1].revents != 0) return ECANCELED;
    const ssize_t written = ::write(fd, bytes.data(), std::min(step, bytes.size()));
    if (written < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return errno;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

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
  std::deque<State::Chunk> dropped;  // holds are let go here, on the core's thread, after the lock
  std::shared_ptr<void> in_flight;
  std::unique_lock lock(state_->mutex);
  state_->stop = true;
  dropped.swap(state_->queue);
  in_flight = std::move(state_->in_flight);
  state_->changed.notify_all();
  // Bounded: a terminal that is stopped (Ctrl-S) may hold a write, and then the process's end takes the thread with it.
  state_->changed.wait_for(lock, std::chrono::milliseconds(200), [this] { return state_->ended; });
}

void FdWriter::write(int fd, std::string bytes, std::shared_ptr<void> hold) {
  ++home_->given;
  const std::lock_guard lock(state_->mutex);
  state_->queue.push_back({fd, std::move(bytes), std::move(hold)});
  state_->changed.notify_all();
}

Task<bool> FdWriter::flushed(Deadline deadline) {
  const auto home = home_;
  const auto target = home->given;
  while (home->done < target) {
    if (!co_await home->progress.wait(deadline)) co_return home->done >= target;
  }
  co_return true;
}

void FdWriter::run(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  while (true) {
    state->changed.wait(lock, [&] { return state->stop || !state->queue.empty(); });
    if (state->stop) break;
    const int fd = state->queue.front().fd;
    const std::string bytes = std::move(state->queue.front().bytes);
    state->in_flight = std::move(state->queue.front().hold);
    state->queue.pop_front();
    lock.unlock();
    int error = 0;
    if (!state->failed.contains(fd)) {
      error = write_all(fd, bytes, state->wake);
      if (error != 0) state->failed.emplace(fd, error);
    }
    lock.lock();
    if (state->stop) break;  // the loop may be gone already
    // Holds and callbacks belong to the core's thread.
    asio::post(state->executor, [home = state->home, hold = std::move(state->in_flight), fd, error]() mutable {
      hold.reset();
      ++home->done;
      if (error != 0 && home->on_failure) home->on_failure(fd, error);
      home->progress.notify();
    });
  }
  state->ended = true;
  state->changed.notify_all();
}

}  // namespace dind
