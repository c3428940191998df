#include "frontends/lsp/code_lenses.hpp"

namespace dind::frontends::lsp {

using rpc::Json;

Json code_lenses(const std::string& uri, bool is_running) {
  const Json start{{"line", 0}, {"character", 0}};
  const auto lens = [&](const char* title, const char* command) -> Json {
    return {{"range", {{"start", start}, {"end", start}}},
            {"command", {{"title", title}, {"command", command}, {"arguments", {{{"uri", uri}}}}}}};
  };
  Json all = Json::array({lens("Run in sandbox", "dind.runFile")});
  if (is_running) all.push_back(lens("Stop", "dind.stop"));
  return all;
}

}  // namespace dind::frontends::lsp
