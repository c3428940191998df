// Sets up the log as the operator and the command line want it.
#pragma once

#include "app/configuration.hpp"
#include "support/log/log.hpp"

namespace dind::app {

// Flags take precedence. The log masks the values of secret variables of this process's environment.
// Error (invalid_request): the file that a flag names can't be written. If the configuration names that file,
// this is a warning, and the log goes to stderr.
Result<void> start_log(const LogSettings& configured, const LogFlags& flags = {});

}  // namespace dind::app
