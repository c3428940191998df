// What the end of a run tells of its cause, where the cause is a known one: one line for each, with the remedy. The
// lines go into the result's notes, which every frontend shows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dind/run_event.hpp"
#include "dind/run_spec.hpp"

namespace dind {

// A run that has ended, as far as a hint may look at it.
struct Ending {
  const RunSpec& spec;
  const RunResult& result;
  std::string_view language;  // a recipe's id; empty: not known
  std::string_view out;       // the ends of stdout and stderr
  std::string_view err;
  std::string folder;            // on this machine: where the program is from; empty: not known
  bool internet_allowed = true;  // the operator's
  bool own_authorities = false;  // the operator named a bundle of certificates
};

// At most three, the surest first. A run that ended well gets those alone that do not depend on its failure. Looks at
// names in `folder`, and reads no more of it than its requirements.txt.
std::vector<std::string> hints(const Ending& ending);

}  // namespace dind
