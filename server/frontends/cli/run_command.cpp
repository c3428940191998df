#include "frontends/cli/run_command.hpp"

#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <system_error>

#include "frontends/cli/program_file.hpp"
#include "frontends/cli/summary.hpp"
#include "frontends/cli/workspace_choice.hpp"
#include "support/io/fd_reader.hpp"
#include "support/io/fd_writer.hpp"
#include "support/log/log.hpp"

namespace dind::frontends::cli {
namespace {

// Handles SIGINT, SIGTERM and SIGHUP during its lifetime.
class Stops {
 public:
  Stops(const asio::any_io_executor& executor, Cancel cancel)
      : state_(std::make_shared<State>(executor, std::move(cancel))) {
    listen(state_);
  }
  Stops(const Stops&) = delete;
  Stops& operator=(const Stops&) = delete;
  ~Stops() {
    boost::system::error_code ignored;
    state_->signals.cancel(ignored);
    state_->over = true;
  }
  std::optional<int> signal() const { return state_->signal; }

 private:
  // Outlives Stops, because a handler may already be queued when Stops is destroyed.
  struct State {
    State(const asio::any_io_executor& executor, Cancel c)
        : signals(executor, SIGINT, SIGTERM, SIGHUP), cancel(std::move(c)) {}
    asio::signal_set signals;
    Cancel cancel;
    std::optional<int> signal;
    bool over = false;
  };
  static void listen(const std::shared_ptr<State>& state) {
    state->signals.async_wait([state](const boost::system::error_code& aborted, int signal) {
      if (aborted || state->over) return;
      if (state->signal) ::_exit(128 + signal);
      state->signal = signal;
      state->cancel.cancel(signal == SIGHUP ? CancelReason::client_gone : CancelReason::user);
      listen(state);
    });
  }

  std::shared_ptr<State> state_;
};

// A failure to write this process's stdout or stderr.
struct WriteFailure {
  int fd = -1;
  int error = 0;  // 0: no failure
};

// The descriptor of the program's stdin. nullopt: the program has no stdin.
Result<std::optional<int>> input_of(const RunArguments& arguments, const Streams& streams) {
  if (arguments.stdin_file && *arguments.stdin_file != "-") {
    const auto fd = open_input(*arguments.stdin_file);
    if (!fd) return std::unexpected(fd.error());
    return std::optional(*fd);
  }
  if (arguments.file == "-" || arguments.dockerfile == "-") {
    if (arguments.stdin_file) {
      return fail(ErrorCode::invalid_request,
                  "stdin can't be both the program (-) and its input (--stdin -); put one of them into a file");
    }
    return std::nullopt;
  }
  return std::optional(streams.in);
}

Result<RunSpec> asked_for(const RunArguments& arguments, const Streams& streams, WorkspaceRuns* folders) {
  if (!arguments.folder || arguments.again) return make_spec(arguments, streams.in, {}, folders);
  if (folders == nullptr)
    return fail(ErrorCode::internal, "This command can't run folders: this is a bug in dind-executor");
  auto base = folder_spec(*folders, arguments, streams);
  if (!base) return std::unexpected(base.error());
  return make_spec(arguments, streams.in, std::move(*base), folders);
}

// Sends this process's input to the program. It reads only what the run has asked for, so no byte is read in vain.
Task<void> feed(std::shared_ptr<FdReader> reader, std::shared_ptr<StdinPipe> pipe) {
  constexpr auto kCancelPollInterval =
      std::chrono::milliseconds(200);  // max delay of a stop while the run takes no input
  while (!reader->stopped()) {
    if (!co_await pipe->wanted(in(kCancelPollInterval))) continue;
    auto bytes = co_await reader->next();
    if (bytes.empty()) break;
    pipe->push(std::move(bytes));
  }
  pipe->close();
}

// Waits until the output is written, unless nobody reads it any more or somebody presses Ctrl-C meanwhile.
Task<void> flush(FdWriter& writer, const Stops& stops) {
  const bool stopped_before = stops.signal().has_value();
  auto patience = in(std::chrono::seconds(2));
  while (true) {
    if (co_await writer.flushed(in(std::chrono::milliseconds(100)))) co_return;
    if (!stops.signal()) patience = in(std::chrono::seconds(stopped_before ? 2 : 0));
    if (stops.signal() && Clock::now() >= patience) co_return;
  }
}

int not_run(const Error& error, std::optional<int> stopped_by) {
  return error.code == ErrorCode::cancelled && stopped_by ? 128 + *stopped_by : kNotRunExit;
}

// The exit code if stdout or stderr could not be written. `stopped`: the run has no result of the program's own.
int exit_code_without_output(const WriteFailure& broken, const Streams& streams, bool stopped, int code) {
  if (broken.error == EPIPE) return kReaderGoneExit;
  // If stderr can't be written after the program's end, this does not change how the program ended.
  return broken.fd != streams.err || stopped ? kNotRunExit : code;
}

// An engine that can't be reached may come back soon or not at all. A person at a terminal should not wait for it.
Task<void> wait_container_removed(RunService& service, bool unreachable, std::string run_id) {
  const std::chrono::seconds patience(unreachable ? 2 : 10);
  if (!co_await service.wait_all_removed_but_auto(in(patience)))
    log(LogLevel::warning,
        "the run's container could not be removed within " + std::to_string(patience.count()) +
            " s; the next start of dind-executor removes it",
        run_id);
}

}  // namespace

Task<int> run_command(asio::any_io_executor executor, RunService& service, RunArguments arguments, Streams streams,
                      WorkspaceRuns* folders) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGTTIN, SIG_IGN);  // in the background, a read then looks like the end of stdin; the process goes on

  Cancel cancel;
  WriteFailure broken;
  FdWriter writer(executor, [&](int fd, int error) {
    if (broken.error == 0) broken = {fd, error};
    cancel.cancel(CancelReason::client_gone);
  });
  const auto output = arguments.json ? json_output(writer, streams) : plain_output(writer, streams, arguments.quiet);

  auto input = input_of(arguments, streams);
  auto spec = input ? asked_for(arguments, streams, folders) : Result<RunSpec>(std::unexpected(input.error()));
  if (spec) {
    spec->caller.client = "cli:" + std::to_string(::getpid());
    spec->terms = Terms::flags;
  }
  const Stops stops(executor, cancel);
  if (!spec) {
    output->failed(spec.error());
    co_await flush(writer, stops);
    co_return kNotRunExit;
  }

  std::shared_ptr<StdinPipe> pipe;
  std::shared_ptr<FdReader> reader;
  if (*input) {
    pipe = std::make_shared<StdinPipe>(executor);
    reader = std::make_shared<FdReader>(executor, **input, **input != streams.in);
    spawn(executor, "stdin", feed(reader, pipe));
  }
  const auto result = co_await service.run(std::move(*spec), *output, pipe, cancel);
  if (reader) reader->stop();

  int code = kNotRunExit;
  if (result) {
    output->finished(*result);
    code = exit_code(*result, stops.signal());
  } else {
    output->failed(result.error());
    code = not_run(result.error(), stops.signal());
  }
  co_await flush(writer, stops);
  if (broken.error != 0) {
    code = exit_code_without_output(broken, streams, !result || result->verdict == Verdict::cancelled, code);
    if (broken.error != EPIPE && broken.fd != streams.err) {
      writer.write(streams.err, "dind-executor: stdout can't be written (" +
                                    std::generic_category().message(broken.error) + "); the run was stopped\n");
      co_await flush(writer, stops);
    }
  }
  const bool unreachable = !result && result.error().code == ErrorCode::engine_unavailable;
  co_await wait_container_removed(service, unreachable, result ? result->run_id : std::string());
  co_return code;
}

}  // namespace dind::frontends::cli
