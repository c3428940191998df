// RunSpec → RunPlan: which image, which argv, which files. Pure; the place where a request is refused.
#pragma once

#include <map>
#include <string>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "engine/types.hpp"
#include "sandbox/plan.hpp"

namespace dind::sandbox {

inline constexpr std::size_t kMaxFileBytes = 16U << 20;
inline constexpr std::size_t kMaxDockerfileBytes = 1U << 20;  // it is read several times (S06)

// `images`: the operator's image for a language, before the recipe's own. Errors: invalid_request (a name, an argument
// or a variable that can't be passed on; an empty or too large program), unsupported_language.
// With packages, `plan.packages` is what puts them in place, and the last of `plan.volumes` has no name yet.
Result<RunPlan> make_plan(const RunSpec& spec, const Limits& limits, const std::map<std::string, std::string>& images,
                          std::string run_id);

// The installer's own run, before that of `program` (which has packages): as hardened, but with a network, and with
// `volume` writable at kDependenciesMount, where it may leave `disk_bytes`. Pure.
RunPlan make_installer_plan(const RunPlan& program, const std::string& volume, const Limits& limits,
                            std::int64_t disk_bytes);

// The command of a built image, where its plan has none yet: ENTRYPOINT and CMD, or ENTRYPOINT and `args`. Error
// (invalid_request): it has neither.
Result<void> run_image_command(const engine::Image& image, const std::vector<std::string>& args, RunPlan& plan);

// Puts a bundle of certificate authorities (PEM) into a run that has a network, and tells the usual programs of it.
void add_authorities(RunPlan& plan, const std::string& bundle);

}  // namespace dind::sandbox
