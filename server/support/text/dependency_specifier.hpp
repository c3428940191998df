// Checks the part of a Python dependency after the package's name. (PEP 508; PEP 440 for versions) Pure.
#pragma once

#include <string>
#include <string_view>

namespace dind {

// `rest`: "[extra] >=2,<4; python_version >= '3.9'" or "@ https://…; marker". Checks what every version of pip needs:
// the form of extras, version specifiers and marker. Only pip checks whether a version exists. Empty: the form is
// correct. Otherwise the problem, as the end of a sentence about the whole line: "has no ] after its extras".
std::string specifier_problem(std::string_view rest);

}  // namespace dind
