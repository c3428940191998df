// Converts between Docker's words and those of Podman's Docker-compatible API where they differ (N02). Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "engine/container_spec.hpp"

namespace dind::engine {

// Changes `spec` to what Podman accepts; everything else stays. A seccomp profile is a file on its machine. A tmpfs has
// no bound on inodes and no owner, so everyone in the sandbox may write to a tmpfs that had an owner.
ContainerSpec fitted_to_podman(ContainerSpec spec, const std::string& profile_file);

// What an inspection of such a container reports: Podman reports neither sysctls nor the namespace of the control
// group. The egress filter itself checks the effect of the sysctls.
ContainerSpec reported_by_podman(ContainerSpec spec, const std::string& profile_file);

// Converts Podman's inspect reply to Docker's words. Leaves out Podman's own settings that only narrow a sandbox.
nlohmann::json inspect_of_podman(nlohmann::json inspect);

// Whether a POST to this target builds an image: Podman would run the steps in the network of its machine.
bool builds(std::string_view target);

}  // namespace dind::engine
