// Converts a RunSpec to a RunPlan: it chooses image, argv and files, and refuses requests that are not valid. Pure.
#pragma once

#include <map>
#include <string>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "engine/types.hpp"
#include "sandbox/plan/plan.hpp"

namespace dind::sandbox {

inline constexpr std::size_t kMaxFileBytes = 16U << 20;       // of a program's text
inline constexpr std::size_t kMaxDockerfileBytes = 1U << 20;  // it is read several times (S06)

// `images`: the operator's image for each language, which replaces the recipe's images. If the run has dependencies,
// `plan.dependencies` is the step that installs them, and the last of `plan.volumes` has no name yet.
// Errors: invalid_request (a name, an argument or a variable that cannot be passed on; an empty or too large program),
// unsupported_language.
Result<RunPlan> make_plan(const RunSpec& spec, const Limits& limits, const std::map<std::string, std::string>& images,
                          std::string run_id);

// The plan of the installer's run, which precedes the run of `program`. `program.packages` must have a value. The
// installer is hardened like the program, but has a network, and `volume` is writable at kDependenciesMount. It may
// leave `disk_bytes` there. Pure.
RunPlan make_installer_plan(const RunPlan& program, const std::string& volume, const Limits& limits,
                            std::int64_t disk_bytes);

// Sets the image's command in a plan that has no command yet: ENTRYPOINT and CMD, or ENTRYPOINT and `args`. Errors
// (invalid_request): the result is empty, or an argument cannot be passed on.
Result<void> run_image_command(const engine::Image& image, const std::vector<std::string>& args, RunPlan& plan);

// Puts a bundle of certificate authorities (PEM) into a run that has a network, and sets the variables from which
// usual programs read its path. Variables that the plan already has stay. Empty `bundle`: nothing changes.
void add_authorities(RunPlan& plan, const std::string& bundle);

}  // namespace dind::sandbox
