#include "support/io/fd_reader.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "support/async/until.hpp"

namespace dind {

// The part that only the core's thread uses.
struct FdReader::Home {
  explicit Home(const asio::any_io_executor& executor) : arrived(executor) {}
  Signal arrived;
  std::optional<std::string> chunk;  // empty text: the end
  bool stopped = false;
};

struct FdReader::State {
  State(asio::any_io_executor e, std::shared_ptr<Home> h, int f, bool owns)
      : executor(std::move(e)), home(std::move(h)), fd(f), owns_fd(owns), wake(eventfd(0, EFD_CLOEXEC)) {
    if (wake < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  ~State() {
    ::close(wake);
    if (owns_fd) ::close(fd);
  }

  asio::any_io_executor executor;
  std::shared_ptr<Home> home;
  int fd;
  bool owns_fd;
  int wake;  // readable: stop

  std::mutex mutex;
  std::condition_variable changed;
  bool wanted = false;
  bool stop = false;
};

namespace {

// The next bytes. Empty at the end, on any error (EIO: the terminal belongs to another foreground process), and when
// `wake` is readable.
std::string read_some(int fd, int wake) {
  std::string bytes(64 * 1024, '\0');
  while (true) {
    pollfd both[2] = {{fd, POLLIN, 0}, {wake, POLLIN, 0}};
    if (poll(both, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return {};
    }
    if (both[1].revents != 0) return {};
    const ssize_t count = ::read(fd, bytes.data(), bytes.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
  }
}

}  // namespace

FdReader::FdReader(asio::any_io_executor executor, int fd, bool owns_fd) : home_(std::make_shared<Home>(executor)) {
  state_ = std::make_shared<State>(std::move(executor), home_, fd, owns_fd);
  std::thread([state = state_] { run(state); }).detach();
}

FdReader::~FdReader() { stop(); }

void FdReader::stop() {
  home_->stopped = true;
  home_->arrived.notify();
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto ignored = ::write(state_->wake, &one, sizeof one);
  const std::lock_guard lock(state_->mutex);
  state_->stop = true;
  state_->changed.notify_all();
}

bool FdReader::stopped() const { return home_->stopped; }

Task<std::string> FdReader::next(Deadline deadline) { return read_next(state_, home_, deadline); }

Task<std::string> FdReader::read_next(std::shared_ptr<State> state, std::shared_ptr<Home> home, Deadline deadline) {
  {
    const std::lock_guard lock(state->mutex);
    state->wanted = true;
    state->changed.notify_all();
  }
  co_await until(home->arrived, [&] { return home->stopped || home->chunk; }, deadline);
  if (home->stopped || !home->chunk) co_return std::string();
  std::string bytes = std::move(*home->chunk);
  home->chunk.reset();
  co_return bytes;
}

void FdReader::run(const std::shared_ptr<State>& state) {
  while (true) {
    {
      std::unique_lock lock(state->mutex);
      state->changed.wait(lock, [&] { return state->stop || state->wanted; });
      if (state->stop) return;
      state->wanted = false;
    }
    auto bytes = read_some(state->fd, state->wake);
    const bool end = bytes.empty();
    const std::lock_guard lock(state->mutex);
    if (state->stop) return;  // the io_context may be destroyed already
    asio::post(state->executor, [home = state->home, bytes = std::move(bytes)]() mutable {
      home->chunk = std::move(bytes);
      home->arrived.notify();
    });
    if (end) return;
  }
}

}  // namespace dind
