// A program's output for a client that is no terminal: each line as a terminal would show it in the end. Pure.
#pragma once

#include <string>
#include <string_view>

namespace dind::frontends::lsp {

// Without escape sequences and other control characters than tabs and line ends. Of a line that was written again after
// a carriage return (a progress bar) only the last text stays.
std::string plain_lines(std::string_view text);

}  // namespace dind::frontends::lsp
