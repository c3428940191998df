#include "services/upkeep/reaper.hpp"

#include <catch2/catch_test_macros.hpp>

#include "sandbox/hardening.hpp"
#include "support/ids.hpp"

namespace reaper_test {

using namespace dind;

namespace {

constexpr std::int64_t kNow = 1'700'000'000;

// In this boot and pid namespace, PID 1 with another start time: a process that is certainly dead.
std::string gone_owner() {
  const std::string& self = process_owner();
  const auto start = self.rfind('.');
  const auto pid = self.rfind('.', start - 1);
  return self.substr(0, pid) + ".1.1";
}

struct Case {
  const char* what;
  engine::Labels labels;
  bool orphan;
};

}  // namespace

TEST_CASE("The reaper removes only objects of dead owners and overdue objects of other machines") {
  const std::string owner = sandbox::kOwnerLabel, deadline = sandbox::kDeadlineLabel;
  const std::string past = std::to_string(kNow - 1), future = std::to_string(kNow + 1000);
  const std::string elsewhere = "0000-other-boot.1.2.3";
  const Case cases[] = {
      {"no labels at all", {}, false},
      {"labels of others", {{"com.example.owner", gone_owner()}, {"maintainer", "x"}}, false},
      {"a deadline that has passed, but no owner", {{deadline, past}}, false},
      {"the shared cache", {{sandbox::kCacheLabel, "supervisor"}}, false},
      {"of this process", {{owner, process_owner()}}, false},
      {"of this process, past its deadline: its run removes it", {{owner, process_owner()}, {deadline, past}}, false},
      {"its process no longer exists", {{owner, gone_owner()}}, true},
      {"its owner is gone, its deadline is not", {{owner, gone_owner()}, {deadline, future}}, true},
      {"another machine's, within its deadline", {{owner, elsewhere}, {deadline, future}}, false},
      {"another machine's, at its deadline", {{owner, elsewhere}, {deadline, std::to_string(kNow)}}, false},
      {"another machine's, past its deadline", {{owner, elsewhere}, {deadline, past}}, true},
      {"another machine's without a deadline", {{owner, elsewhere}}, false},
      {"an empty owner", {{owner, ""}, {deadline, future}}, false},
      {"an empty owner, past its deadline", {{owner, ""}, {deadline, past}}, true},
      {"a deadline that is not a number", {{owner, elsewhere}, {deadline, "soon"}}, false},
      {"a deadline with other text after it", {{owner, elsewhere}, {deadline, past + " s"}}, false},
      {"an empty deadline", {{owner, elsewhere}, {deadline, ""}}, false},
      {"a deadline that is too large", {{owner, elsewhere}, {deadline, std::string(40, '9')}}, false},
      {"a negative deadline", {{owner, elsewhere}, {deadline, "-5"}}, true},
  };
  for (const auto& [what, labels, orphan] : cases) {
    INFO(what);
    CHECK(is_orphan(labels, process_owner(), kNow) == orphan);
  }
}

TEST_CASE("The objects of a live process on this machine are kept, even after their deadline") {  // R02
  // The labels of this process, as another instance sees them.
  const engine::Labels labels{{sandbox::kOwnerLabel, process_owner()},
                              {sandbox::kDeadlineLabel, std::to_string(kNow + 10)}};
  CHECK_FALSE(is_orphan(labels, "another", kNow));
  CHECK_FALSE(is_orphan(labels, "another", kNow + 11));
}

}  // namespace reaper_test
