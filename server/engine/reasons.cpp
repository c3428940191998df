#include "engine/reasons.hpp"

#include "engine/text.hpp"

namespace dind::engine {

bool network_has_ended(std::string_view message) { return message.contains("non running container"); }

bool lost_a_file_at_start(std::string_view message) {
  return has_any(message, {"possibly malicious path detected", "was moved while re-opening"});
}

bool user_is_unmapped(std::string_view message) { return has_any(message, {"invalid argument", "unmapped user"}); }

bool is_there_already(std::string_view message) { return message.contains("already exists"); }

bool leads_out_of_image(std::string_view message) { return message.contains("path escapes from parent"); }

bool meets_a_file(const Error& error) {
  return error.engine_status >= 400 && has_any(error.message, {"not a directory", "Cannot mkdir"});
}

bool volume_meets_a_file(const Error& error) {
  return meets_a_file(error) ||
         (error.engine_status >= 400 && error.message.contains("cannot mount volume over existing file"));
}

bool source_is_missing(std::string_view message) {
  return has_any(message, {"bind source path does not exist", "bind mount source"});
}

bool profile_is_missing(std::string_view message) { return message.contains("seccomp"); }

bool program_is_refused(std::string_view message) {
  return has_any(message, {"exec format error", "permission denied"});
}

}  // namespace dind::engine
