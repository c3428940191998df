#include "sandbox/embedded.hpp"

// The assembler includes the files unchanged. An array of numbers would take the compiler seconds.
#define EMBED(symbol, file)                                                     \
  __asm__(                                                                      \
      ".section .rodata\n"                                                      \
      ".balign 16\n" #symbol                                                    \
      "_begin:\n"                                                               \
      ".incbin \"" file "\"\n" #symbol                                          \
      "_end:\n"                                                                 \
      ".byte 0\n"                                                               \
      ".previous\n");                                                           \
  extern "C" const char symbol##_begin[] __attribute__((visibility("hidden"))); \
  extern "C" const char symbol##_end[] __attribute__((visibility("hidden")))

EMBED(dind_supervisor, DIND_SUPERVISOR_FILE);
EMBED(dind_seccomp, DIND_SECCOMP_FILE);

namespace dind::sandbox {

std::string_view supervisor_binary() { return {dind_supervisor_begin, dind_supervisor_end}; }
std::string_view seccomp_profile() { return {dind_seccomp_begin, dind_seccomp_end}; }

}  // namespace dind::sandbox
