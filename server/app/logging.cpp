#include "app/logging.hpp"

#include <unistd.h>

#include <string_view>

namespace dind::app {
namespace {

std::map<std::string, std::string> own_environment() {
  std::map<std::string, std::string> variables;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view pair(*each);
    if (const auto equals = pair.find('='); equals != std::string_view::npos)
      variables.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return variables;
}

}  // namespace

Result<void> start_log(const LogSettings& configured, const LogFlags& flags) {
  hide_in_log(SecretMask(own_environment()).values());
  LogSettings settings = configured;
  settings.level = flags.level.value_or(settings.level);
  settings.format = flags.format.value_or(settings.format);
  settings.file = flags.file.value_or(settings.file);
  auto set_up = set_up_log(settings);
  if (set_up || flags.file) return set_up;
  log(LogLevel::warning, set_up.error().message + " as log.file in the configuration. The log goes to stderr");
  return {};
}

}  // namespace dind::app
