// Bounds the variables of a request. Pure.
#pragma once

#include "dind/error.hpp"
#include "dind/run_spec.hpp"

namespace dind {

// Call it before anything searches the variables for secrets, because the search takes time for each of them (S05).
// Error (invalid_request): too many environment variables or build arguments, or too many bytes of them.
Result<void> check_size(const RunSpec& spec);

}  // namespace dind
