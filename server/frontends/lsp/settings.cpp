#include "frontends/lsp/settings.hpp"

namespace dind::frontends::lsp {

bool Settings::read(const rpc::Json& json) {
  if (!json.is_object()) return false;
  wrong_.clear();
  options_ = read_lsp_options(json, wrong_);
  return true;
}

std::optional<std::string> Settings::warning() const {
  if (wrong_.empty()) return std::nullopt;
  if (wrong_.size() == 1) return "The setting " + wrong_.front() + ". It is ignored";
  std::string text = std::to_string(wrong_.size()) + " settings are ignored: ";
  for (const auto& each : wrong_) text += (&each == &wrong_.front() ? "" : "; ") + each;
  return text;
}

}  // namespace dind::frontends::lsp
