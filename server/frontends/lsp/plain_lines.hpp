// A program's output for a client that is not a terminal: each line as a terminal would finally show it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace dind::frontends::lsp {

// Removes escape sequences and control characters, except tabs and line ends. If a line is overwritten after a carriage
// return (a progress bar), only its last text stays.
std::string plain_lines(std::string_view text);

}  // namespace dind::frontends::lsp
