// Hints for what a program missed: a module, a package, a file beside it.
#pragma once

#include <string>

#include "services/hints.hpp"

namespace dind {

// Each: one line, or empty.
std::string missing_python_module(const Ending& ending);
std::string missing_node_module(const Ending& ending);
std::string missing_neighbour(const Ending& ending);  // a file that the program opens or sources

}  // namespace dind
