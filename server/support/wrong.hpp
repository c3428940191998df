// What somebody gave us can't be right.
#pragma once

#include <string>
#include <utility>

#include "dind/error.hpp"

namespace dind {

inline std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::invalid_request, std::move(message));
}

}  // namespace dind
