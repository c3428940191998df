// Checks one dependency in pip's notation: a package with extras, versions, a marker, an address and hashes; or one of
// the few options that do not change where packages come from. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace dind {

// `line`: a logical line without its comment. The value is the line for the installer, without blanks at its ends. If
// the line is the address of a wheel, the value has the package's name before it. The error says what is wrong and what
// to do, but not where: `"-e ." is …; remove …`.
std::expected<std::string, std::string> checked_requirement(std::string_view line);

// Whether the line has an option (`--hash=…`, `--pre`), which an installer reads only from a file.
bool has_option(std::string_view requirement);

}  // namespace dind
