#include "app/version.hpp"

namespace dind::app {

std::string version() { return DIND_VERSION; }

}  // namespace dind::app
