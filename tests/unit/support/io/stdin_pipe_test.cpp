#include "support/io/stdin_pipe.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support/run_task.hpp"

namespace stdin_pipe_test {

using namespace dind;
using namespace std::chrono_literals;
using tests::run_task;

TEST_CASE("Chunks are read in order, and every later read gives the end") {
  asio::io_context context;
  StdinPipe pipe(context.get_executor());
  pipe.push("a");
  pipe.push("");  // an empty chunk is not the end
  pipe.push("b");
  pipe.close();
  pipe.push("late");
  for (const auto* expected : {"a", "b", "", ""})
    CHECK(run_task(context, pipe.next(in(1s))) == std::optional<std::string>(expected));
}

TEST_CASE("A read without a chunk ends at its deadline") {
  asio::io_context context;
  StdinPipe pipe(context.get_executor());
  CHECK(run_task(context, pipe.next(in(1ms))) == std::nullopt);
}

TEST_CASE("A full pipe accepts no more input until a chunk is read") {
  asio::io_context context;
  StdinPipe pipe(context.get_executor());
  CHECK(run_task(context, pipe.wanted(in(-1s))));
  pipe.push(std::string(StdinPipe::kWindow, 'x'));
  CHECK_FALSE(run_task(context, pipe.wanted(in(1ms))));
  CHECK(run_task(context, pipe.next(in(1s)))->size() == StdinPipe::kWindow);
  CHECK(run_task(context, pipe.wanted(in(-1s))));
}

}  // namespace stdin_pipe_test
