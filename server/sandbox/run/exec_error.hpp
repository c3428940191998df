// Makes the error for a program that could not be executed. Pure.
#pragma once

#include <string>

#include "dind/error.hpp"
#include "sandbox/plan/plan.hpp"

namespace dind::sandbox {

// Why the program of `plan` did not start. `error_number`: the errno of its exec with flags of supervision::ExecCause,
// or the errno of entering its working directory with supervision::kNoFolder. `detail`: the subject of the flag.
Error not_executable(const RunPlan& plan, const std::string& image, int error_number, const std::string& detail = {});

}  // namespace dind::sandbox
