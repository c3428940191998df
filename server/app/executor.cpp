#include "dind/executor.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <mutex>
#include <thread>

#include "app/composition.hpp"
#include "app/configuration.hpp"
#include "app/logging.hpp"
#include "app/timeouts.hpp"
#include "dind/exit_code.hpp"
#include "domain/output_capture.hpp"
#include "support/io/named_file.hpp"

namespace dind {

using namespace std::chrono_literals;

namespace {

Result<app::Configuration> configuration_of(const ExecutorOptions& options) {
  if (!options.config_file) return app::load_configuration();
  const auto text = read_named_file(*options.config_file, FileKind::any);
  if (!text)
    return fail(ErrorCode::invalid_request,
                "Configuration " + *options.config_file + ": it " + text.error().what + "; config_file names it");
  return app::parse_configuration(*text, *options.config_file);
}

// Calls the caller's function with the output.
class OutputCalls final : public EventSink {
 public:
  explicit OutputCalls(const CallOptions& call) : call_(call) {}
  void on_state(const StateChange&) override {}
  void on_output(Channel channel, std::string_view bytes, OutputCredit) override {
    if (call_.on_output) call_.on_output(channel, bytes);
  }

 private:
  const CallOptions& call_;
};

}  // namespace

int Execution::returncode() const { return dind::returncode(result); }

struct RunHandle::State {
  std::mutex mutex;
  bool cancelled = false;
  std::function<void()> fire;  // set while the run is live

  void begin(std::function<void()> how) {
    const std::lock_guard lock(mutex);
    fire = std::move(how);
    if (cancelled) fire();
  }
  void end() {
    const std::lock_guard lock(mutex);
    fire = nullptr;
  }
};

RunHandle::RunHandle() : state_(std::make_shared<State>()) {}

void RunHandle::cancel() const {
  const std::lock_guard lock(state_->mutex);
  state_->cancelled = true;
  if (state_->fire) state_->fire();
}

// The core runs on its own thread. Callers give it coroutines and wait for the result.
struct Executor::Core {
  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(context);
  std::unique_ptr<app::Core> core;
  std::size_t kept = 0;
  bool enabled = true;  // DIND_ENABLED
  Cancel over;          // ends everything; used on the context's thread only
  std::thread thread;

  // Runs the task that `make` returns on the core's thread and returns its value. An exception is a bug in
  // dind-executor: it reaches the caller unchanged.
  template <typename T>
  T wait_for(std::function<Task<T>()> make) {
    const auto promise = std::make_shared<std::promise<T>>();  // its setter may outlast the wait
    auto future = promise->get_future();
    asio::post(context, [this, &make, promise] {
      asio::co_spawn(context, make(), [promise](const std::exception_ptr& escaped, T value) {
        if (escaped)
          promise->set_exception(escaped);
        else
          promise->set_value(std::move(value));
      });
    });
    return future.get();
  }
};

Executor::Executor(std::unique_ptr<Core> core) : core_(std::move(core)) {}

Result<std::unique_ptr<Executor>> Executor::open(ExecutorOptions options) {
  const auto configuration = configuration_of(options);
  if (!configuration) return std::unexpected(configuration.error());
  if (const auto started = app::start_log(configuration->log); !started) return std::unexpected(started.error());
  auto core = std::make_unique<Core>();
  core->kept = options.kept_output_bytes;
  core->enabled = configuration->enabled;
  auto made = app::Core::make(core->context.get_executor(), *configuration, options.host);
  if (!made) return std::unexpected(made.error());
  core->core = std::move(*made);
  spawn(core->context.get_executor(), "warm pool", core->core->maintain_warm_pool(core->over));
  spawn(core->context.get_executor(), "clean-up", core->core->run_upkeep(core->over));
  core->thread = std::thread([context = &core->context] { context->run(); });
  return std::unique_ptr<Executor>(new Executor(std::move(core)));
}

Executor::~Executor() {
  Core& core = *core_;
  core.wait_for<bool>([&]() -> Task<bool> {
    core.over.cancel(CancelReason::shutdown);
    co_return co_await core.core->runs().wait_all_removed(in(app::kShutdownTimeout));
  });
  core.work.reset();
  core.context.stop();
  core.thread.join();
}

bool Executor::is_available() {
  Core& core = *core_;
  if (!core.enabled) return false;
  return core.wait_for<bool>([&]() -> Task<bool> {
    bool reachable = false;
    Cancel enough;
    const auto leaving = core.over.on_cancel([&] { enough.cancel(CancelReason::shutdown); });
    co_await core.core->engine().watch(
        [&](const EngineStatus& status) {
          reachable = status.reachable;
          enough.cancel(CancelReason::user);
        },
        enough);
    co_return reachable;
  });
}

Result<Execution> Executor::run(RunSpec spec, CallOptions call) {
  Core& core = *core_;
  const auto state = call.handle ? call.handle->state_ : nullptr;
  return core.wait_for<Result<Execution>>([&]() -> Task<Result<Execution>> {
    Execution execution;
    OutputCalls calls(call);
    OutputCapture capture(core.kept, &calls);
    Cancel cancel;
    const auto leaving = core.over.on_cancel([&] { cancel.cancel(CancelReason::shutdown); });
    if (state)
      state->begin(
          [&core, cancel] { asio::post(core.context, [cancel]() mutable { cancel.cancel(CancelReason::user); }); });
    std::shared_ptr<StdinPipe> input;
    if (!call.input.empty()) {
      input = std::make_shared<StdinPipe>(core.context.get_executor());
      input->push(std::move(call.input));
      input->close();
    }
    auto result = co_await core.core->runs().run(std::move(spec), capture, input, cancel);
    if (state) state->end();
    if (!result) co_return std::unexpected(result.error());
    execution.result = std::move(*result);
    execution.output = std::move(capture.out.bytes);
    execution.errors = std::move(capture.err.bytes);
    execution.output_left_out = capture.out.left_out;
    execution.errors_left_out = capture.err.left_out;
    co_return execution;
  });
}

Result<Execution> Executor::run_python_code(PythonCode python, CallOptions call) {
  return run(to_run_spec(std::move(python)), std::move(call));
}
Result<Execution> Executor::run_shell_script(ShellScript shell, CallOptions call) {
  return run(to_run_spec(std::move(shell)), std::move(call));
}
Result<Execution> Executor::run_command(CommandRequest command, CallOptions call) {
  return run(to_run_spec(std::move(command)), std::move(call));
}
Result<Execution> Executor::build_and_run(BuildRequest build, CallOptions call) {
  return run(to_run_spec(std::move(build)), std::move(call));
}

}  // namespace dind
