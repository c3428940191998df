// What Podman's Docker-compatible API takes and reports in other words than Docker's (N02). Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "engine/container_spec.hpp"

namespace dind::engine {

// As Podman can be asked for it: a seccomp profile is a file on its machine, and a tmpfs has no bound on its inodes and
// no owner (what was its owner's alone, everybody in the sandbox may write to). Unchanged in everything else.
ContainerSpec fitted_to_podman(ContainerSpec spec, const std::string& profile_file);

// What an inspection of such a container reports: Podman tells neither its sysctls nor its control group's namespace.
// The fence looks itself at what the former are for.
ContainerSpec reported_by_podman(ContainerSpec spec, const std::string& profile_file);

// The reply to an inspection in Docker's words. What only narrows a sandbox, and is Podman's own, is left out.
nlohmann::json inspect_of_podman(nlohmann::json inspect);

// Whether a POST to this target builds an image: Podman runs the steps in the network of its machine.
bool builds(std::string_view target);

}  // namespace dind::engine
