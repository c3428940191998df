// Texts of programs: byte order marks, and what a Python program says of its own encoding.
#pragma once

#include <string>
#include <string_view>

namespace dind {

// `text` without a UTF-8 byte order mark at its start: interpreters and shells take one for a part of the first word.
std::string_view without_byte_order_mark(std::string_view text);

// A Python program that came as Unicode and is UTF-8 now, whatever encoding its first two lines declare (PEP 263): the
// declared name is replaced by one of UTF-8. Lines keep their length. Unchanged where they declare none, or UTF-8.
std::string declared_as_utf8(std::string text);

}  // namespace dind
