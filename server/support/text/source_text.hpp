// Source texts of programs: byte order marks, and the encoding that a Python program declares.
#pragma once

#include <string>
#include <string_view>

namespace dind {

// `text` without a UTF-8 byte order mark at its start: interpreters and shells read the mark as part of the first word.
std::string_view without_byte_order_mark(std::string_view text);

// A Python program whose text arrived as Unicode and is UTF-8 now, whatever encoding its first two lines declare (PEP
// 263). Replaces the declared name with a name of UTF-8; lines keep their length. Unchanged if the lines declare
// nothing or UTF-8.
std::string declared_as_utf8(std::string text);

}  // namespace dind
