// RunSpec → RunPlan: which image, which argv, which files. Pure; the place where a request is refused.
#pragma once

#include <map>
#include <string>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "sandbox/plan.hpp"

namespace dind::sandbox {

inline constexpr std::size_t kMostFileBytes = 16U << 20;

// `images`: the operator's image for a language, before the recipe's own. Errors: invalid_request (a name, an argument
// or a variable that can't be passed on; an empty or too large program), unsupported_language.
Result<RunPlan> make_plan(const RunSpec& spec, const Limits& limits, const std::map<std::string, std::string>& images,
                          std::string run_id);

}  // namespace dind::sandbox
