// The Error for a wrong value from a caller or an operator.
#pragma once

#include <string>
#include <utility>

#include "dind/error.hpp"

namespace dind {

inline std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::invalid_request, std::move(message));
}

}  // namespace dind
