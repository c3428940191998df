// Files that are embedded in the program.
#pragma once

#include <string_view>

namespace dind::sandbox {

std::string_view supervisor_binary();  // a static ELF for the architecture of this build
std::string_view seccomp_profile();    // JSON, seccomp.json

}  // namespace dind::sandbox
