// A requirements.txt as a list of packages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dind {

// A package a line, without blank lines and comments as pip has them.
std::vector<std::string> requirement_lines(std::string_view text);

}  // namespace dind
