// The log as the operator and the command line want it.
#pragma once

#include "app/configuration.hpp"
#include "support/log.hpp"

namespace dind::app {

// Flags win. Secret variables of our own environment are hidden in it. Error (invalid_request): the file that a flag
// names can't be written; where the configuration names it, that is a warning, and the log goes to stderr.
Result<void> start_log(const LogSettings& configured, const LogFlags& flags = {});

}  // namespace dind::app
