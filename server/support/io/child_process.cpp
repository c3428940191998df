#include "support/io/child_process.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BOOST_PROCESS_USE_STD_FS 1
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <boost/process/args.hpp>
#include <boost/process/async_pipe.hpp>
#include <boost/process/child.hpp>
#include <boost/process/env.hpp>
#include <boost/process/environment.hpp>
#include <boost/process/error.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/group.hpp>
#include <boost/process/io.hpp>
#include <csignal>

namespace dind {
namespace {

namespace bp = boost::process;
using namespace std::chrono_literals;

constexpr auto kPollInterval = 5ms;  // between two checks whether it has ended
// For output that is still in its pipes after its end, if a process that it started holds them open.
constexpr auto kLast = 100ms;
constexpr auto kReaped = 500ms;  // for the end of a killed child

// Runs in the child before its program starts. The child gets no inherited descriptor except its own three: a pipe of
// another child would keep that child's stdin open.
void prepare() {
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGXFSZ, SIG_DFL);
  constexpr unsigned kOnExec = 4;  // CLOSE_RANGE_CLOEXEC, since Linux 5.11
  if (::syscall(SYS_close_range, 3U, ~0U, kOnExec) == 0) return;
  for (int fd = 3; fd < 1024; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// What the coroutines of one child share: any of them may be the last to end.
struct Running {
  Running(asio::io_context& context, const asio::any_io_executor& executor, std::size_t max)
      : in(context), out(context), err(context), changed(executor), max_output_bytes(max) {}
  bp::async_pipe in, out, err;
  Signal changed;
  std::size_t max_output_bytes;
  std::string out_text, err_text;
  int open = 2;  // how many of `out` and `err` are open
  bool too_much = false;

  void close() {
    for (auto* pipe : {&in, &out, &err}) {
      boost::system::error_code ignored;
      pipe->close(ignored);
    }
  }
};

Task<void> feed(std::shared_ptr<Running> running, std::string input) {
  boost::system::error_code ignored;  // a child need not read it
  co_await asio::async_write(running->in, asio::buffer(input), asio::redirect_error(asio::use_awaitable, ignored));
  running->in.close(ignored);
}

Task<void> collect(std::shared_ptr<Running> running, bp::async_pipe& from, std::string& into) {
  std::array<char, 4096> buffer;
  while (true) {
    boost::system::error_code over;
    const auto count =
        co_await from.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, over));
    into.append(buffer.data(), count);
    if (into.size() > running->max_output_bytes) running->too_much = true;
    if (over || running->too_much) break;
  }
  --running->open;
  running->changed.notify();
}

}  // namespace

std::string find_program(std::string_view name, std::string_view path) {
  if (name.empty() || name.contains('/')) return {};
  while (!path.empty()) {
    const auto colon = path.find(':');
    const std::string_view folder = path.substr(0, colon);
    path.remove_prefix(colon == std::string_view::npos ? path.size() : colon + 1);
    if (!folder.starts_with('/')) continue;  // the current folder is the user's workspace: start no program from there
    std::string candidate = std::string(folder) + '/' + std::string(name);
    struct stat status{};
    if (::stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(candidate.c_str(), X_OK) == 0)
      return candidate;
  }
  return {};
}

Task<Result<ChildResult>> run_child(asio::any_io_executor executor, ChildProgram program, Cancel cancel,
                                    Deadline deadline) {
  auto& context = static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
  auto environment = bp::environment(boost::this_process::environment());
  environment.erase("DIND_TOKEN");  // for dind-executor only, not for other programs (S20)
  std::shared_ptr<Running> running;
  bp::group group;
  bp::child child;
  std::error_code problem;
  try {
    running = std::make_shared<Running>(context, executor, program.max_output_bytes);
    // clang-format off
    child = bp::child(bp::exe = program.path, bp::args = program.arguments, environment,
                      bp::std_in < running->in, bp::std_out > running->out, bp::std_err > running->err,
                      group, bp::extend::on_exec_setup([](auto&) { prepare(); }), problem);
    // clang-format on
  } catch (const std::exception&) {
    problem = std::make_error_code(std::errc::resource_unavailable_try_again);
  }
  if (problem) co_return fail(ErrorCode::not_found, program.path + " can't be started (" + problem.message() + ")");

  const auto heard = cancel.on_cancel([weak = std::weak_ptr(running)] {
    if (const auto alive = weak.lock()) alive->changed.notify();
  });
  spawn(executor, "stdin of " + program.path, feed(running, std::move(program.input)));
  spawn(executor, "stdout of " + program.path, collect(running, running->out, running->out_text));
  spawn(executor, "stderr of " + program.path, collect(running, running->err, running->err_text));

  const auto alive = [&] {
    std::error_code ignored;
    return child.running(ignored);
  };
  while (alive() && !running->too_much && !cancel.cancelled() && Clock::now() < deadline)
    co_await running->changed.wait(std::min(deadline, in(kPollInterval)));
  const bool ended = !alive();
  for (const auto last = in(kLast); ended && running->open > 0 && !cancel.cancelled() && Clock::now() < last;)
    co_await running->changed.wait(last);

  std::error_code ignored;
  if (!ended) {
    group.terminate(ignored);
    for (const auto last = in(kReaped); alive() && Clock::now() < last;)
      co_await running->changed.wait(in(kPollInterval));
  }
  group.detach();
  if (alive()) child.detach();  // it hangs in the kernel, and the destructor would wait for it
  running->close();
  if (cancel.cancelled()) co_return fail(ErrorCode::cancelled, program.path + " was stopped");
  if (running->too_much)
    co_return fail(ErrorCode::internal, program.path + " wrote more than " + std::to_string(program.max_output_bytes) +
                                            " bytes, and was stopped");
  if (!ended) co_return fail(ErrorCode::internal, program.path + " did not end in time, and was stopped");
  const int status = child.native_exit_code();
  co_return ChildResult{.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
                        .out = std::move(running->out_text),
                        .err = std::move(running->err_text)};
}

}  // namespace dind
