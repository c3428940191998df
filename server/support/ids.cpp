#include "support/ids.hpp"

#include <openssl/evp.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <climits>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace dind {
namespace {

std::string hex(const unsigned char* bytes, std::size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < size; ++i) {
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 15];
  }
  return out;
}

std::string read_first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Field 22 of /proc/PID/stat: start time in ticks since boot. Empty if the process does not exist.
std::string start_time(const std::string& pid) {
  const std::string stat = read_first_line("/proc/" + pid + "/stat");
  const auto after_name = stat.rfind(')');
  if (after_name == std::string::npos) return {};
  std::istringstream fields(stat.substr(after_name + 1));
  std::string field;
  for (int i = 0; i < 20; ++i) fields >> field;
  return field;
}

std::string pid_namespace() {
  std::array<char, 64> target{};
  const auto n = readlink("/proc/self/ns/pid", target.data(), target.size());
  return n > 0 ? std::string(target.data(), static_cast<std::size_t>(n)) : "?";
}

std::string place() {
  std::string ns;
  for (const char c : pid_namespace())
    if (c >= '0' && c <= '9') ns += c;
  return read_first_line("/proc/sys/kernel/random/boot_id") + "." + ns;
}

}  // namespace

std::string random_id(std::size_t bytes) {
  std::vector<unsigned char> data(bytes);
  if (getrandom(data.data(), data.size(), 0) != static_cast<ssize_t>(bytes))
    throw std::runtime_error("getrandom failed");
  return hex(data.data(), data.size());
}

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return hex(digest.data(), size);
}

const std::string& process_owner() {
  static const std::string owner = [] {
    const std::string pid = std::to_string(getpid());
    return place() + "." + pid + "." + start_time(pid);
  }();
  return owner;
}

bool owner_is_gone(std::string_view owner) {
  const std::string prefix = place() + ".";
  if (!owner.starts_with(prefix)) return false;
  owner.remove_prefix(prefix.size());
  const auto dot = owner.find('.');
  if (dot == std::string_view::npos) return false;
  return start_time(std::string(owner.substr(0, dot))) != owner.substr(dot + 1);
}

bool owner_is_alive(std::string_view owner) {
  const std::string prefix = place() + ".";
  return owner.starts_with(prefix) && owner.substr(prefix.size()).contains('.') && !owner_is_gone(owner);
}

}  // namespace dind
