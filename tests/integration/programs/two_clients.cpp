// Two clients of one server, one place: the first has a run under way and six waiting when the second comes with two.
// Prints who started, in that order, and the first position that each heard. The engine is that of DOCKER_HOST.
#include <boost/asio/io_context.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "app/composition.hpp"
#include "app/configuration.hpp"
#include "support/async/cancel.hpp"

namespace {

using namespace dind;

struct Bench {
  asio::io_context context;
  std::unique_ptr<app::Core> core;
  std::vector<std::string> order;
  std::size_t queued = 0;
  std::size_t ended = 0;
  std::function<void()> on_change;
};

struct Ear final : EventSink {
  Ear(Bench& b, std::string n) : bench(b), name(std::move(n)) {}
  void on_state(const StateChange& change) override {
    if (const auto* waits = std::get_if<Queued>(&change); waits != nullptr && !told) {
      told = true;
      std::cout << "queued " << name << ' ' << waits->position << '\n';
      ++bench.queued;
    }
    if (std::holds_alternative<Started>(change)) bench.order.push_back(name);
    bench.on_change();
  }
  void on_output(Channel, std::string_view, OutputCredit) override {}
  Bench& bench;
  std::string name;
  bool told = false;
};

Task<void> run(Bench& bench, std::string client, std::string script, Cancel cancel) {
  Ear ear(bench, client);
  RunSpec spec{.program = SourceProgram{.file_name = "x.sh", .text = std::move(script), .language = {}}};
  spec.caller.client = std::move(client);
  const auto result = co_await bench.core->runs().run(std::move(spec), ear, nullptr, cancel);
  if (!result) std::cout << "error " << result.error().message << '\n';
  ++bench.ended;
  bench.on_change();
}

Task<void> leave(Bench& bench) {
  co_await bench.core->runs().wait_all_removed(in(std::chrono::seconds(10)));
  bench.context.stop();
}

}  // namespace

int main() {
  Bench bench;
  const auto configuration =
      app::parse_configuration(R"({"concurrentRuns": 1, "history": {"enabled": false}})", "of the test");
  auto core = app::Core::make(bench.context.get_executor(), *configuration, "");
  if (!core) {
    std::cerr << core.error().message << '\n';
    return 1;
  }
  bench.core = std::move(*core);
  const auto executor = bench.context.get_executor();
  Cancel first;
  bool others = false, leaving = false;
  bench.on_change = [&] {
    if (bench.order.size() == 1 && !std::exchange(others, true)) {
      for (int i = 0; i < 6; ++i) spawn(executor, "run", run(bench, "greedy", "true", {}));
      for (int i = 0; i < 2; ++i) spawn(executor, "run", run(bench, "modest", "true", {}));
    }
    if (bench.queued == 8) first.cancel(CancelReason::user);
    if (bench.ended == 9 && !std::exchange(leaving, true)) spawn(executor, "leave", leave(bench));
  };
  spawn(executor, "run", run(bench, "greedy", "sleep 50", first));
  bench.context.run_for(std::chrono::seconds(60));
  for (const auto& name : bench.order) std::cout << "started " << name << '\n';
  return 0;
}
