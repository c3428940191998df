// The client's settings and the warning about the wrong ones. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "frontends/lsp/options.hpp"
#include "rpc/message.hpp"

namespace dind::frontends::lsp {

class Settings {
 public:
  // Replaces all settings. False: `json` is not an object, and nothing changes.
  bool read(const rpc::Json& json);
  const Options& options() const { return options_; }
  // One message for all wrong settings; nullopt: each has a possible value.
  std::optional<std::string> warning() const;

 private:
  Options options_;
  std::vector<std::string> wrong_;  // "dind.cpus is "x"; it must be a number above 0"
};

}  // namespace dind::frontends::lsp
