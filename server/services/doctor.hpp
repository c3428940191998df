// Looks at everything that a run needs, and says what is wrong and what to do about it. Runs no program of the user.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/task.hpp"

namespace dind {

struct DoctorCheck {
  enum class Status {
    ok,
    warning,  // runs work, with less than they could have
    failed,   // runs don't work
    skipped,  // could not be looked at, because of a check before it
  };
  std::string name;  // "engine", "image python": short, stable
  Status status = Status::ok;
  std::string seen;    // one line: what there is
  std::string remedy;  // one line: what to do; empty where nothing is to be done
};

class Doctor {
 public:
  virtual ~Doctor() = default;
  // In the order in which a person should read them. What isn't known at the deadline is reported as skipped.
  virtual Task<std::vector<DoctorCheck>> examine(Deadline deadline) = 0;
};

}  // namespace dind
