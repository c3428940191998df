// Makes text of unknown origin safe for a log or a terminal.
#pragma once

#include <string>
#include <string_view>

namespace dind {

// One line of well-formed UTF-8 that moves no cursor and hides nothing. Control characters (C0, DEL, C1), line and
// paragraph separators, marks that change the text direction, and invisible characters become \xNN, \uNNNN or
// \UNNNNNNNN. A byte that is not UTF-8 becomes \xNN.
std::string escaped(std::string_view text);

}  // namespace dind
