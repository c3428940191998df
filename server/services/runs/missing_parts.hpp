// Hints for a part that a program did not find: a module, a package, or a file beside it.
#pragma once

#include <string>

#include "services/runs/hints.hpp"

namespace dind {

// Each returns one line. Empty: no hint.
std::string missing_python_module(const Ending& ending);
std::string missing_node_module(const Ending& ending);
std::string missing_neighbour(const Ending& ending);  // a file that the program opens or sources

}  // namespace dind
