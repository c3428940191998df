// The network that a run has: none, the internet, or a list of hosts.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace dind {

class Network {
 public:
  enum class Kind { none, internet, hosts };

  static const Network none;      // the default
  static const Network internet;  // the public internet, without private addresses
  // Only these hosts. A run with this network is refused: an allowlist of hosts is not supported yet.
  static constexpr Network only(std::vector<std::string> hosts) { return {Kind::hosts, std::move(hosts)}; }

  constexpr Network() = default;
  constexpr Kind kind() const { return kind_; }
  constexpr const std::vector<std::string>& hosts() const { return hosts_; }  // empty, except of Kind::hosts
  bool operator==(const Network&) const = default;

 private:
  constexpr Network(Kind kind, std::vector<std::string> hosts) : kind_(kind), hosts_(std::move(hosts)) {}

  Kind kind_ = Kind::none;
  std::vector<std::string> hosts_;
};

inline constexpr Network Network::none{};
inline constexpr Network Network::internet{Kind::internet, {}};

// For people: "none", "internet", or "only a.example, b.example".
std::string to_string(const Network& network);

}  // namespace dind
