// engine::Client with a fake engine whose replies each test sets.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include "engine/client.hpp"
#include "fake_engine.hpp"
#include "support/run_task.hpp"

namespace dind::faults {

struct Bench {
  explicit Bench(FakeEngine::Transport transport = FakeEngine::Transport::unix_socket)
      : fake(transport), client(context.get_executor(), fake.endpoint()) {}
  template <typename T>
  T run(Task<T> task) {
    return tests::run_task(context, std::move(task));
  }
  FakeEngine fake;
  asio::io_context context;
  engine::Client client;
};

template <typename T>
void check_error(const Result<T>& result, ErrorCode code, std::string_view part) {
  REQUIRE_FALSE(result);
  INFO(result.error().message);
  CHECK(result.error().code == code);
  CHECK(result.error().message.contains(part));
  CHECK_FALSE(result.error().message.contains('\n'));
}

}  // namespace dind::faults
