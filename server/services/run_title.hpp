// What a run is, in one short line: for lists. Pure.
#pragma once

#include <string>
#include <string_view>

#include "dind/run_spec.hpp"

namespace dind {

// The first line of `text` that says something: not blank, no `#!`, no comment alone where code follows. At most 80
// bytes, without control characters.
std::string first_line(std::string_view text);

// "main.py: print(1)", "ls -l /", "FROM debian": the file's name where there is one, and the first line of the code.
std::string run_title(const RunSpec& spec);

}  // namespace dind
