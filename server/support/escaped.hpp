// Text of unknown origin for a log or a terminal.
#pragma once

#include <string>
#include <string_view>

namespace dind {

// One line of well-formed UTF-8 that moves no cursor and hides nothing: control characters (C0, DEL, C1), line and
// paragraph separators, marks that turn the direction of text, and invisible ones become \xNN or \uNNNN; a byte that
// is not UTF-8 becomes \xNN.
std::string escaped(std::string_view text);

}  // namespace dind
