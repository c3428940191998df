// Describes a run in one short line, for lists. Pure.
#pragma once

#include <string>
#include <string_view>

#include "dind/run_spec.hpp"

namespace dind {

// The first line of `text` that is not blank, not `#!` and not a comment; a comment only if no code follows. At most 80
// bytes, without control characters.
std::string first_line(std::string_view text);

// "main.py: print(1)", "ls -l /", "Dockerfile: FROM debian": the file's name if there is one, and the first line of the
// code; or the command.
std::string run_title(const RunSpec& spec);

}  // namespace dind
