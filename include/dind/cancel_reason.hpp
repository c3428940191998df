// Why a run is told to end before its program ends by itself.
#pragma once

#include <string_view>

namespace dind {

enum class CancelReason { user, deadline, shutdown, client_gone };
std::string_view to_string(CancelReason reason);

}  // namespace dind
