// The hint for a script with Windows line ends (CRLF), which a shell takes for a part of each line's last word.
#pragma once

#include <string>

#include "services/hints.hpp"

namespace dind {

// The hint with its remedy; empty: no script of the run is known to have such line ends. Looks at the program's text,
// at what a shell or an interpreter says of it, and at the scripts in `ending.folder` that the command names, up to 1
// MiB each. A script that goes on after its first wrong line ends well, so the verdict does not count.
std::string windows_line_ends(const Ending& ending);

}  // namespace dind
