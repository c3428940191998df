// Files that the program carries in itself.
#pragma once

#include <string_view>

namespace dind::sandbox {

std::string_view supervisor_binary();  // a static ELF of the architecture that we were built for
std::string_view seccomp_profile();    // JSON, seccomp.json

}  // namespace dind::sandbox
