// Explains the end of a run if its cause is a known one: one line for each cause, with the remedy. The lines go into
// the result's notes, which every frontend shows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dind/run_event.hpp"
#include "dind/run_spec.hpp"

namespace dind {

// What hints may know of a run that has ended. It refers to the caller's data, which must outlive it.
struct Ending {
  const RunSpec& spec;
  const RunResult& result;
  std::string_view language;     // a recipe's id; empty: not known
  std::string_view out;          // the end of stdout
  std::string_view err;          // the end of stderr
  std::string folder;            // on this machine, where the program is from; empty: not known
  bool internet_allowed = true;  // the operator allows a network
  bool own_authorities = false;  // the operator named a bundle of certificates
};

// At most three hints, the most certain first. A successful run gets only hints that do not depend on a failure.
// Blocks: it looks for names in `folder`, and reads files there. These are requirements.txt with the files that it
// includes, and the scripts that the command names.
std::vector<std::string> hints(const Ending& ending);

}  // namespace dind
