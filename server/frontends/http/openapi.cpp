#include "frontends/http/openapi.hpp"

#include <string_view>

// The assembler includes the file unchanged.
__asm__(
    ".section .rodata\n"
    "dind_openapi_begin:\n"
    ".incbin \"" DIND_OPENAPI_FILE
    "\"\n"
    "dind_openapi_end:\n"
    ".byte 0\n"
    ".previous\n");
extern "C" const char dind_openapi_begin[] __attribute__((visibility("hidden")));
extern "C" const char dind_openapi_end[] __attribute__((visibility("hidden")));

namespace dind::frontends::http {

std::string openapi_document(const std::string& version) {
  constexpr std::string_view kPlace = "@VERSION@";
  std::string text(dind_openapi_begin, dind_openapi_end);
  if (const auto at = text.find(kPlace); at != std::string::npos) text.replace(at, kPlace.size(), version);
  return text;
}

}  // namespace dind::frontends::http
