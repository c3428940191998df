#include "frontends/http/tokens.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "support/ids.hpp"
#include "support/io/named_file.hpp"
#include "support/io/private_files.hpp"
#include "support/log/log.hpp"
#include "support/text/trimmed.hpp"

namespace dind::frontends::http {
namespace {

constexpr std::size_t kMaxLength = 4096;
constexpr std::size_t kMadeBytes = 32;

// Digests have one length, so the time does not depend on the token's length.
bool same_in_constant_time(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
  const volatile unsigned all = difference;  // so that the compiler does not end the loop early
  return all == 0;
}

// Both are allowed, but the operator should know of them (S20).
void warn_if_short(std::string_view token, const std::string& source) {
  constexpr std::size_t kMinTokenLength = 16;
  if (token.size() < kMinTokenLength)
    log(LogLevel::warning,
        source + " holds a token of " + std::to_string(token.size()) +
            (token.size() == 1 ? " character" : " characters") +
            ", which others may guess. Use a random one, such as the output of `openssl rand -hex 32`");
}

void warn_if_others_may(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  const auto mode = status.st_mode & 07777;
  if ((mode & (S_IROTH | S_IWOTH | S_IWGRP)) == 0) return;
  char digits[8];
  std::snprintf(digits, sizeof digits, "%04o", static_cast<unsigned>(mode));
  log(LogLevel::warning, "The token file " + path + " has the mode " + digits +
                             ": other users may read or change it. Take that away (chmod 600 " + path + ")");
}

}  // namespace

Tokens::Tokens(const std::vector<Token>& tokens) {
  // The name is not a part of the digest that admits a caller, because names are in logs and in the history.
  constexpr std::size_t kNameDigits = 16;
  for (const auto& token : tokens)
    entries_.push_back({.digest = sha256(token.text),
                        .caller = {.client = "token:" + sha256("client " + token.text).substr(0, kNameDigits),
                                   .is_operator = token.is_operator}});
}

std::optional<Caller> Tokens::find(std::string_view presented) const {
  const std::string digest = sha256(presented);
  std::optional<Caller> found;
  for (const auto& entry : entries_)
    if (same_in_constant_time(entry.digest, digest)) found = entry.caller;
  return found;
}

Result<std::vector<Token>> parse_tokens(std::string_view text, const std::string& source) {
  std::vector<Token> tokens;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark, as Windows editors write it
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = trimmed(text.substr(0, end), " \t\r");
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    Token token;
    if (const auto blank = line.find_first_of(" \t"); blank != std::string_view::npos) {
      token.is_operator = trimmed(line.substr(blank), " \t\r") == "operator";
      if (token.is_operator) line = line.substr(0, blank);
    }
    // RFC 6750: the characters that an Authorization field may have.
    if (line.size() > kMaxLength || !std::ranges::all_of(line, [](char c) { return c > ' ' && c < '\x7f'; }))
      return fail(ErrorCode::invalid_request, source +
                                                  " holds a token that no request can carry: use visible ASCII "
                                                  "characters without spaces, one token a line, "
                                                  "with the word operator after it if its client is an operator");
    warn_if_short(line, source);
    token.text = line;
    tokens.push_back(std::move(token));
  }
  if (tokens.empty())
    return fail(ErrorCode::invalid_request,
                source + " holds no token: put one in, such as the output of `openssl rand -hex 32`");
  return tokens;
}

Result<std::vector<Token>> read_token_file(const std::string& path) {
  const auto text = read_named_file(path, FileKind::any);
  if (!text)
    return fail(ErrorCode::invalid_request, "The token file " + path + ' ' + text.error().what +
                                                ": name a file with one token in each line, which this user may read");
  warn_if_others_may(path);
  return parse_tokens(*text, "The token file " + path);
}

Result<MadeToken> make_token_file(const std::string& folder, std::uint16_t port) {
  const auto wrong = [](const std::string& path, int error) {
    return fail(ErrorCode::invalid_request,
                "The token file " + path + " can't be made (" + std::generic_category().message(error) +
                    "): give a token with --token-file or DIND_TOKEN, or set XDG_STATE_HOME to a folder of yours");
  };
  if (const auto problem = make_private_folder(folder)) return wrong(folder, problem.value());
  MadeToken made{.token = random_id(kMadeBytes), .path = folder + "/token-" + std::to_string(port)};
  // Written to a temporary file and then renamed: no reader sees half a token, and a link at
  // the path is replaced, not followed.
  const std::string beside = made.path + '.' + random_id();
  const int fd = open_private(beside, O_WRONLY | O_EXCL | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return wrong(made.path, errno);
  const std::string line = made.token + '\n';
  const bool written = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  const int error = written ? 0 : errno;
  ::close(fd);
  if (!written || ::rename(beside.c_str(), made.path.c_str()) != 0) {
    const int seen = written ? errno : error;
    ::unlink(beside.c_str());
    return wrong(made.path, seen);
  }
  return made;
}

}  // namespace dind::frontends::http
