// Checks everything that a run needs, and reports what is wrong and what to do about it. Runs no program of the user.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/async/task.hpp"

namespace dind {

struct DoctorCheck {
  enum class Status {
    ok,
    warning,  // runs work, but with less than they could have
    failed,   // runs don't work
    skipped,  // could not be checked, because of the result of an earlier check
  };
  std::string name;  // "engine", "image python": short, stable
  Status status = Status::ok;
  std::string seen;    // one line: what the check found
  std::string remedy;  // one line: what to do; empty if there is nothing to do
};

class Doctor {
 public:
  virtual ~Doctor() = default;
  // Returns the checks in the order in which a person should read them. `deadline` ends the calls to the engine; the
  // limits of the test sandboxes end these. If the engine does not answer, the checks that need it are skipped.
  virtual Task<std::vector<DoctorCheck>> examine(Deadline deadline) = 0;
};

}  // namespace dind
