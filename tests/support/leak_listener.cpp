// Checks after every test case that no new descriptor, thread or child process is left.
#include <catch2/catch_test_case_info.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>

namespace {

constexpr int kLeaked = 99;
constexpr auto kPatience = std::chrono::seconds(2);  // time for a thread or a child to end

std::set<std::string> held() {
  std::set<std::string> all;
  std::error_code ended;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
    const auto target = std::filesystem::read_symlink(each.path(), ended);
    // The listing itself has a descriptor.
    if (!ended && !target.string().ends_with("/fd"))
      all.insert("descriptor " + each.path().filename().string() + " (" + target.string() + ")");
  }
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/task")) {
    all.insert("thread " + each.path().filename().string());
    std::ifstream children(each.path() / "children");
    for (std::string child; children >> child;) all.insert("child " + child);
  }
  return all;
}

bool any = false;

class LeakListener final : public Catch::EventListenerBase {
 public:
  using EventListenerBase::EventListenerBase;

  void testRunStarting(const Catch::TestRunInfo&) override {
    std::signal(SIGPIPE, SIG_IGN);  // as the program does
    std::atexit([] {
      std::fflush(nullptr);
      if (any) std::_Exit(kLeaked);  // the reports are written
    });
  }
  void testCaseStarting(const Catch::TestCaseInfo&) override { before_ = held(); }
  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    auto left = new_ones();
    while (!left.empty() && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      left = new_ones();
    }
    for (const auto& each : left)
      std::fprintf(stderr, "left behind by \"%s\": %s\n", stats.testInfo->name.c_str(), each.c_str());
    any = any || !left.empty();
  }

 private:
  std::set<std::string> new_ones() const {
    std::set<std::string> left;
    for (const auto& each : held())
      if (!before_.contains(each)) left.insert(each);
    return left;
  }
  std::set<std::string> before_;
};

}  // namespace

CATCH_REGISTER_LISTENER(LeakListener)
