// Recognizes a command that needs a network, for a note if it failed in a run without a network (P10). Pure.
#pragma once

#include <string>

#include "sandbox/plan/plan.hpp"

namespace dind::sandbox {

// The command that needs a network, such as "npm install". The plan may run it directly, in a shell's command line, or
// in a shell script. Empty: no program that is known to need a network.
std::string fetching_command(const RunPlan& plan);

// The note for people. Empty: the plan has a network, or runs nothing that needs one.
std::string missing_network_note(const RunPlan& plan);

}  // namespace dind::sandbox
