#include "faces/http/tokens.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "support/ids.hpp"

namespace dind::faces::http {
namespace {

constexpr std::size_t kLongest = 4096;
constexpr std::size_t kMadeBytes = 32;

// Digests are of one length, so the time says nothing of the token's.
bool same(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
  const volatile unsigned all = difference;  // keeps the compiler from leaving early
  return all == 0;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace

Tokens::Tokens(const std::vector<std::string>& tokens) {
  for (const auto& token : tokens) digests_.push_back(sha256(token));
}

std::optional<std::size_t> Tokens::find(std::string_view presented) const {
  const std::string digest = sha256(presented);
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < digests_.size(); ++i)
    if (same(digests_[i], digest)) found = i;
  return found;
}

Result<std::vector<std::string>> parse_tokens(std::string_view text, const std::string& source) {
  std::vector<std::string> tokens;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    // RFC 6750: what may stand in an Authorization field.
    if (line.size() > kLongest || !std::ranges::all_of(line, [](char c) { return c > ' ' && c < '\x7f'; }))
      return fail(ErrorCode::invalid_request, source +
                                                  " holds a token that no request can carry: use visible ASCII "
                                                  "characters without spaces, one token a line");
    tokens.emplace_back(line);
  }
  if (tokens.empty())
    return fail(ErrorCode::invalid_request,
                source + " holds no token: put one in, such as that of `openssl rand -hex 32`");
  return tokens;
}

Result<std::vector<std::string>> read_token_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file)
    return fail(ErrorCode::invalid_request, "The token file " + path + " can't be read: check its path and mode");
  return parse_tokens(text.str(), "The token file " + path);
}

Result<MadeToken> make_token_file(const std::string& folder, std::uint16_t port) {
  const auto wrong = [](const std::string& path, int error) {
    return fail(ErrorCode::invalid_request,
                "The token file " + path + " can't be made (" + std::generic_category().message(error) +
                    "): give a token with --token-file or DIND_TOKEN, or set XDG_STATE_HOME to a folder of yours");
  };
  std::error_code problem;
  std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), problem);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return wrong(folder, errno);
  MadeToken made{.token = random_id(kMadeBytes), .path = folder + "/token-" + std::to_string(port)};
  // Written beside and moved: no reader sees half of it, and a link that is there is replaced, not followed.
  const std::string beside = made.path + '.' + random_id();
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
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

}  // namespace dind::faces::http
