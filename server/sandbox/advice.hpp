// Advice at the end of an error message. The doctor removes it from the messages that it shows (N08).
#pragma once

#include <string>
#include <string_view>

namespace dind::sandbox {

inline constexpr std::string_view kAskDoctor = ". Run `dind-executor doctor` to see what the engine lacks";

inline std::string without_advice(std::string message) {
  if (const auto at = message.find(kAskDoctor); at != std::string::npos) message.erase(at, kAskDoctor.size());
  return message;
}

}  // namespace dind::sandbox
