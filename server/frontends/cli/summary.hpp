// Shows how a run ended, to a person and to a shell. Pure.
#pragma once

#include <optional>
#include <string>

#include "dind/run_event.hpp"
#include "frontends/shared/ending.hpp"

namespace dind::frontends::cli {

// "ok · 83 ms · peak 9.1 MiB · python:3.12-slim", without a newline; control characters of untrusted text are replaced.
std::string summary_line(const RunResult& result, const LimitsInForce& limits = {});

// The exit code for the shell (docs/cli.md). `stopped_by`: the signal because of which this process cancelled the run.
int exit_code(const RunResult& result, std::optional<int> stopped_by);

}  // namespace dind::frontends::cli
