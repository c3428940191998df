#include "supervisor/user_name.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace dind::supervisor {
namespace {

constexpr size_t kMaxPasswd = 1024 * 1024;
constexpr size_t kMaxName = 64;

const char* after_colon(const char* at) {
  while (*at != 0 && *at != '\n' && *at != ':') ++at;
  return *at == ':' ? at + 1 : nullptr;
}

bool has(char** env, const char* name) {
  const size_t n = strlen(name);
  for (; *env != nullptr; ++env)
    if (strncmp(*env, name, n) == 0 && (*env)[n] == '=') return true;
  return false;
}

void look_up(char* name, size_t room) {
  strcpy(name, "sandbox");
  const int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return;
  auto* text = static_cast<char*>(malloc(kMaxPasswd + 1));
  size_t used = 0;
  while (text != nullptr && used < kMaxPasswd) {
    const ssize_t n = read(fd, text + used, kMaxPasswd - used);
    if (n <= 0) break;
    used += static_cast<size_t>(n);
  }
  close(fd);
  if (text == nullptr) return;
  text[used] = 0;
  find_user_name(text, geteuid(), name, room);
  free(text);
}

}  // namespace

bool find_user_name(const char* passwd, unsigned id, char* name, size_t room) {
  for (const char* line = passwd; *line != 0;) {
    const char* password = after_colon(line);
    const char* number = password != nullptr ? after_colon(password) : nullptr;
    if (number != nullptr && *number >= '0' && *number <= '9') {
      char* end = nullptr;
      const unsigned long value = strtoul(number, &end, 10);
      const auto length = static_cast<size_t>(password - 1 - line);
      if (value == id && *end == ':' && length > 0 && length < room) {
        memcpy(name, line, length);
        name[length] = 0;
        return true;
      }
    }
    while (*line != 0 && *line != '\n') ++line;
    if (*line == '\n') ++line;
  }
  return false;
}

char** with_user_name(char** env) {
  static char user[kMaxName + 8] = "USER=";
  static char login[kMaxName + 8] = "LOGNAME=";
  const bool wants_user = !has(env, "USER");
  const bool wants_login = !has(env, "LOGNAME");
  if (!wants_user && !wants_login) return env;
  size_t n = 0;
  while (env[n] != nullptr) ++n;
  auto** longer = static_cast<char**>(calloc(n + 3, sizeof(char*)));
  if (longer == nullptr) return env;
  memcpy(longer, env, n * sizeof(char*));
  look_up(user + 5, kMaxName);
  strcpy(login + 8, user + 5);
  if (wants_user) longer[n++] = user;
  if (wants_login) longer[n++] = login;
  return longer;
}

}  // namespace dind::supervisor
