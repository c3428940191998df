#include "dind/network.hpp"

namespace dind {

std::string to_string(const Network& network) {
  switch (network.kind()) {
    case Network::Kind::none:
      return "none";
    case Network::Kind::internet:
      return "internet";
    case Network::Kind::hosts:
      break;
  }
  std::string text = "only";
  for (const auto& host : network.hosts()) text += (text == "only" ? " " : ", ") + host;
  return text;
}

}  // namespace dind
