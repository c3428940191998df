// The hint for a script with Windows line ends (CRLF). A shell reads the CR as a part of each line's last word.
#pragma once

#include <string>

#include "services/runs/hints.hpp"

namespace dind {

// The hint with its remedy. Empty: no script of the run is known to have such line ends. It reads the program's text
// and the messages of a shell or an interpreter. It also reads the first 8 files in `ending.folder` that the command
// names, up to 1 MiB each (blocking). The verdict does not count: a script that continues after its first wrong line
// may succeed.
std::string windows_line_ends(const Ending& ending);

}  // namespace dind
