#include "frontends/cli/run_command.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <thread>

#include "support/io/fd_writer.hpp"

namespace run_command_test {

using namespace dind;
using namespace dind::frontends::cli;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

struct Pipe {
  int read_end = -1;
  int write_end = -1;
  Pipe() {
    int both[2];
    REQUIRE(pipe2(both, O_CLOEXEC) == 0);
    read_end = both[0];
    write_end = both[1];
  }
  ~Pipe() {
    close_read();
    close_write();
  }
  void close_read() {
    if (read_end >= 0) ::close(std::exchange(read_end, -1));
  }
  void close_write() {
    if (write_end >= 0) ::close(std::exchange(write_end, -1));
  }
};

std::string drain(int fd) {
  std::string all;
  char buffer[65536];
  for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof buffer)) > 0;) all.append(buffer, static_cast<std::size_t>(n));
  return all;
}

// Runs a function of the test instead of a program in a sandbox.
class FakeService : public RunService {
 public:
  using Program = std::function<Task<Result<RunResult>>(EventSink&, std::shared_ptr<StdinPipe>, Cancel)>;
  explicit FakeService(Program program) : program_(std::move(program)) {}
  Task<Result<RunResult>> run(RunSpec s, EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) override {
    spec = std::move(s);
    return program_(sink, std::move(input), std::move(cancel));
  }
  Task<bool> wait_all_removed(Deadline deadline) override {
    ++idle_calls;
    patience = deadline - Clock::now();
    co_return true;
  }
  std::optional<RunSpec> spec;
  Clock::duration patience{};
  int idle_calls = 0;

 private:
  Program program_;
};

RunResult result_of(Verdict verdict, std::optional<int> code = {}) {
  RunResult result;
  result.verdict = verdict;
  result.exit_code = code;
  result.image = "fake";
  return result;
}

Task<void> keep(Task<int> command, int& code) { code = co_await std::move(command); }

struct Ran {
  int code = -1;
  std::string out, err;
};

// Runs the command to its end with pipes for stdin, stdout and stderr.
Ran run(FakeService& service, RunArguments arguments, std::string_view input = "") {
  asio::io_context io;
  Pipe in_pipe, out_pipe, err_pipe;
  Ran ran;
  std::thread feeder([&] {
    [[maybe_unused]] const auto ignored = ::write(in_pipe.write_end, input.data(), input.size());
    in_pipe.close_write();
  });
  std::thread out([&] { ran.out = drain(out_pipe.read_end); });
  std::thread err([&] { ran.err = drain(err_pipe.read_end); });
  Streams streams;
  streams.in = in_pipe.read_end;
  streams.out = out_pipe.write_end;
  streams.err = err_pipe.write_end;
  spawn(io.get_executor(), "test",
        keep(run_command(io.get_executor(), service, std::move(arguments), streams), ran.code));
  io.run();
  out_pipe.close_write();
  err_pipe.close_write();
  feeder.join();
  out.join();
  err.join();
  return ran;
}

RunArguments command() {
  RunArguments arguments;
  arguments.image = "fake";
  arguments.args = {"x"};
  return arguments;
}

Task<Result<RunResult>> say_hello(EventSink& sink, std::shared_ptr<StdinPipe>, Cancel) {
  sink.on_state(Queued{});
  sink.on_state(Preparing{Stage::container, "Preparing the container", {}});
  sink.on_state(Started{});
  sink.on_output(Channel::out, "out\0\xff"s, {});
  sink.on_output(Channel::err, "err\n", {});
  co_return result_of(Verdict::failed, 3);
}

Task<Result<RunResult>> echo(EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel) {
  while (true) {
    const auto chunk = co_await input->next(in(5s));
    if (!chunk || chunk->empty()) break;
    sink.on_output(Channel::out, *chunk, {});
  }
  co_return result_of(Verdict::ok, 0);
}

// Writes 8 MiB, with at most about 64 KiB unread at a time. Ends early if it is cancelled.
Task<Result<RunResult>> flood(EventSink& sink, std::shared_ptr<StdinPipe>, Cancel cancel) {
  const auto executor = co_await asio::this_coro::executor;
  Signal room(executor);
  std::size_t held = 0;
  const auto subscription = cancel.on_cancel([&] { room.notify(); });
  const std::string chunk(16 * 1024, 'x');
  for (int i = 0; i < 512 && !cancel.cancelled(); ++i) {
    held += chunk.size();
    sink.on_output(Channel::out, chunk, OutputCredit(chunk.size(), [&](std::size_t bytes) {
                     held -= bytes;
                     room.notify();
                   }));
    while (held >= 64 * 1024 && !cancel.cancelled()) co_await room.wait(in(5s));
  }
  // Like a real run, it ends only after its credits: they refer to local variables.
  for (int i = 0; held > 0 && i < 50; ++i) co_await room.wait(in(100ms));
  co_return result_of(cancel.cancelled() ? Verdict::cancelled : Verdict::ok, 0);
}

Task<Result<RunResult>> until_cancelled(EventSink&, std::shared_ptr<StdinPipe>, Cancel cancel) {
  Signal stopped(co_await asio::this_coro::executor);
  const auto subscription = cancel.on_cancel([&] { stopped.notify(); });
  while (!cancel.cancelled()) co_await stopped.wait(in(5s));
  co_return result_of(Verdict::cancelled);
}

}  // namespace

TEST_CASE("The program's bytes are written unchanged before the verdict line, and its exit code is returned") {
  FakeService service(say_hello);
  const auto ran = run(service, command());
  CHECK(ran.code == 3);
  CHECK(ran.out == "out\0\xff"s);
  CHECK(ran.err == "err\nfailed · exit 3 · 0 ms · fake\n");
  CHECK(service.idle_calls == 1);
}

TEST_CASE("With --quiet, stderr has only the output of the program") {
  FakeService service(say_hello);
  auto arguments = command();
  arguments.quiet = true;
  CHECK(run(service, arguments).err == "err\n");
}

TEST_CASE("With --json, each line of stdout is one event, and stderr stays empty") {
  FakeService service(say_hello);
  auto arguments = command();
  arguments.json = true;
  const auto ran = run(service, arguments);
  CHECK(ran.err.empty());
  CHECK(ran.code == 3);
  CHECK(std::ranges::count(ran.out, '\n') == 6);
  CHECK(ran.out.find(R"("base64":"b3V0AP8=")") != std::string::npos);
  CHECK(ran.out.find(R"("text":"err\n")") != std::string::npos);
  CHECK(ran.out.find(R"("event":"finished")") != std::string::npos);
}

TEST_CASE("The program gets the complete stdin of the command run") {
  FakeService service(echo);
  const std::string input(60'000, 'i');
  const auto ran = run(service, command(), input);
  CHECK(ran.code == 0);
  CHECK(ran.out == input);
}

TEST_CASE("A slow reader of stdout gets every byte") {
  FakeService service(flood);
  const auto ran = run(service, command());
  CHECK(ran.code == 0);
  CHECK(ran.out.size() == 512 * 16 * 1024);
}

TEST_CASE("The run stops if the reader of stdout closes its end") {
  FakeService service(flood);
  asio::io_context io;
  Pipe out_pipe, err_pipe;
  int code = -1;
  std::thread reader([&] {
    char one = 0;
    [[maybe_unused]] const auto ignored = ::read(out_pipe.read_end, &one, 1);
    out_pipe.close_read();
  });
  Streams streams;
  streams.in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  streams.out = out_pipe.write_end;
  streams.err = err_pipe.write_end;
  spawn(io.get_executor(), "test", keep(run_command(io.get_executor(), service, command(), streams), code));
  io.run();
  reader.join();
  ::close(streams.in);
  CHECK(code == 141);
}

TEST_CASE("The run stops with an error message if stdout is a file on a full disk") {
  FakeService service(flood);
  asio::io_context io;
  Pipe err_pipe;
  int code = -1;
  Streams streams;
  streams.in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  streams.out = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  streams.err = err_pipe.write_end;
  spawn(io.get_executor(), "test", keep(run_command(io.get_executor(), service, command(), streams), code));
  io.run();
  ::close(streams.in);
  ::close(streams.out);
  err_pipe.close_write();
  CHECK(code == 125);
  CHECK(drain(err_pipe.read_end).find("No space left on device") != std::string::npos);
}

TEST_CASE("The first SIGINT or SIGTERM cancels the run") {
  for (const auto& [signal, expected] : {std::pair(SIGINT, 130), std::pair(SIGTERM, 143)}) {
    FakeService service([signal](EventSink& sink, std::shared_ptr<StdinPipe> input, Cancel cancel) {
      ::kill(::getpid(), signal);
      return until_cancelled(sink, std::move(input), std::move(cancel));
    });
    const auto ran = run(service, command());
    CHECK(ran.code == expected);
    CHECK(ran.err.starts_with("cancelled"));
  }
}

TEST_CASE("A run that could not start gives a one-line error and exit code 125") {
  FakeService service([](EventSink&, std::shared_ptr<StdinPipe>, Cancel) -> Task<Result<RunResult>> {
    co_return fail(ErrorCode::engine_unavailable, "The engine is away.\nReally");
  });
  const auto plain = run(service, command());
  CHECK(plain.code == 125);
  CHECK(plain.err == "dind-executor: The engine is away. Really\n");
  auto arguments = command();
  arguments.json = true;
  const auto json = run(service, arguments);
  CHECK(json.code == 125);
  CHECK(json.out.find(R"("kind":"engine_unavailable")") != std::string::npos);
}

TEST_CASE("The command waits for the removal of the container, but only briefly without an engine") {
  FakeService ends([](EventSink&, std::shared_ptr<StdinPipe>, Cancel) -> Task<Result<RunResult>> {
    co_return result_of(Verdict::ok, 0);
  });
  run(ends, command());
  CHECK(ends.patience > 8s);
  FakeService away([](EventSink&, std::shared_ptr<StdinPipe>, Cancel) -> Task<Result<RunResult>> {
    co_return fail(ErrorCode::engine_unavailable, "The engine went away");
  });
  run(away, command());
  CHECK(away.patience > 0s);
  CHECK(away.patience <= 2s);
}

TEST_CASE("A wrong program file or stdin file is refused before the service is called") {
  char folder[] = "/tmp/dind-cli-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const std::string here = folder;
  std::ofstream(here + "/empty.py").flush();
  std::ofstream(here + "/large.py") << std::string((16 << 20) + 1, '#');
  std::ofstream(here + "/good.py") << "print()";
  struct Case {
    std::string file;
    std::optional<std::string> stdin_file;
    std::string_view named;
  };
  const Case cases[] = {{here + "/none.py", {}, "There is no file"},
                        {here, {}, "is a directory"},
                        {here + "/empty.py", {}, "is empty"},
                        {here + "/large.py", {}, "larger than 16 MiB"},
                        {here + "/good.py/x", {}, "There is no file"},
                        {here + "/good.py", here + "/none.txt", "There is no file"},
                        {here + "/good.py", here, "is a directory"},
                        {"-", {}, "stdin is empty"},
                        {"-", "-", "both"}};
  for (const auto& c : cases) {
    INFO(c.file);
    FakeService service(say_hello);
    RunArguments arguments;
    arguments.file = c.file;
    arguments.stdin_file = c.stdin_file;
    const auto ran = run(service, arguments);
    CHECK(ran.code == 125);
    CHECK_FALSE(service.spec);
    INFO(ran.err);
    CHECK(ran.err.find(c.named) != std::string::npos);
    CHECK(std::ranges::count(ran.err, '\n') == 1);
    CHECK(ran.out.empty());
  }
  FakeService service(say_hello);
  RunArguments arguments;
  arguments.file = here + "/good.py";
  arguments.args = {"a", "-b"};
  run(service, arguments);
  REQUIRE(service.spec);
  CHECK(std::get<SourceProgram>(service.spec->program).file_name == "good.py");
  CHECK(std::get<SourceProgram>(service.spec->program).text == "print()");
  CHECK(service.spec->args == std::vector<std::string>{"a", "-b"});
  REQUIRE(std::system(("rm -r " + here).c_str()) == 0);
}

TEST_CASE("A program that is read from stdin gets no other input") {
  FakeService service([](EventSink&, std::shared_ptr<StdinPipe> input, Cancel) -> Task<Result<RunResult>> {
    co_return result_of(Verdict::failed, input ? 1 : 2);
  });
  RunArguments arguments;
  arguments.file = "-";
  arguments.language = "python";
  CHECK(run(service, arguments, "print(1)").code == 2);
  CHECK(std::get<SourceProgram>(service.spec->program).text == "print(1)");
}

TEST_CASE("FdWriter keeps the order of writes to duplicate descriptors, and its destructor waits for no reader") {
  asio::io_context io;
  Pipe both;
  const int second = ::dup(both.write_end);
  std::size_t credits = 0;
  {
    FdWriter writer(io.get_executor(), [](int, int) { FAIL("no write fails here"); });
    for (int i = 0; i < 100; ++i) writer.write(i % 2 == 0 ? both.write_end : second, std::to_string(i) + '\n');
    const auto flush = [](FdWriter& w, bool& done) -> Task<void> { done = co_await w.flushed(in(5s)); };
    bool done = false;
    spawn(io.get_executor(), "flush", flush(writer, done));
    io.run();
    io.restart();
    CHECK(done);
    for (int i = 0; i < 64; ++i) {
      writer.write(both.write_end, std::string(64 * 1024, 'x'),
                   hold(OutputCredit(1, [&](std::size_t n) { credits += n; })));
    }
    const auto before = std::chrono::steady_clock::now();
    {
      const FdWriter idle(io.get_executor(), {});
    }
    CHECK(std::chrono::steady_clock::now() - before < 2s);
  }
  io.run();  // handles what the writer posted before its end
  CHECK(credits == 64);
  ::close(second);
  both.close_write();
  std::string expected;
  for (int i = 0; i < 100; ++i) expected += std::to_string(i) + '\n';
  CHECK(drain(both.read_end).starts_with(expected));
}

}  // namespace run_command_test
