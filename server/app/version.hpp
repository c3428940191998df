#pragma once

#include <string>

namespace dind::app {

std::string version();  // "0.1.0", from CMakeLists.txt

}  // namespace dind::app
