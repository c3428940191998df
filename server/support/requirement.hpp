// One requirement, as pip writes it: a package with extras, versions, a marker, an address and hashes; or one of the
// few options that change nothing about where packages come from. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace dind {

// `line`: a logical line without its comment. The value is the line to give to the installer: without blanks at its
// ends, and with a name before the address of a wheel. The error says what is wrong with it and what to do:
// `"-e ." is …; remove …`, without the place.
std::expected<std::string, std::string> checked_requirement(std::string_view line);

// The line has an option (`--hash=…`, `--pre`), which an installer reads in a file only.
bool has_option(std::string_view requirement);

}  // namespace dind
