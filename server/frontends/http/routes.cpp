#include "frontends/http/routes.hpp"

#include <algorithm>
#include <set>

#include "frontends/http/handlers.hpp"

namespace dind::frontends::http {
namespace {

constexpr Route kRoutes[] = {
    {"POST", "/execute", TokenPolicy::required, "executeCode", &Handlers::run_code},
    {"GET", "/runs", TokenPolicy::required, "listRuns", &Handlers::list_runs},
    {"POST", "/runs", TokenPolicy::required, "run", &Handlers::start_run},
    {"GET", "/runs/{id}", TokenPolicy::required, "showRun", &Handlers::show_run},
    {"DELETE", "/runs/{id}", TokenPolicy::required, "cancelRun", &Handlers::cancel_run},
    {"GET", "/livez", TokenPolicy::not_needed, "live", &Handlers::live},
    {"GET", "/readyz", TokenPolicy::not_needed, "ready", &Handlers::ready},
    {"GET", "/healthz", TokenPolicy::not_needed, "health", &Handlers::ready},
    {"GET", "/metrics", TokenPolicy::required, "metrics", &Handlers::metrics},
    {"GET", "/openapi.json", TokenPolicy::required, "describe", &Handlers::describe},
};

}  // namespace

std::span<const Route> routes() { return kRoutes; }

std::optional<std::string> match_path(std::string_view pattern, std::string_view path) {
  const auto open = pattern.find('{');
  if (open == std::string_view::npos) return pattern == path ? std::optional(std::string()) : std::nullopt;
  const auto before = pattern.substr(0, open);
  const auto after = pattern.substr(pattern.find('}') + 1);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after))
    return std::nullopt;
  const auto part = path.substr(before.size(), path.size() - before.size() - after.size());
  return part.contains('/') ? std::nullopt : std::optional(std::string(part));
}

std::optional<FoundRoute> find_route(std::string_view method, std::string_view path) {
  for (const auto& route : kRoutes)
    if (route.method == method)
      if (auto id = match_path(route.path, path)) return FoundRoute{&route, std::move(*id)};
  return std::nullopt;
}

TokenPolicy token_policy(std::string_view path) {
  const auto found =
      std::ranges::find_if(kRoutes, [&](const Route& route) { return match_path(route.path, path).has_value(); });
  return found == std::end(kRoutes) ? TokenPolicy::required : found->token;
}

std::string allowed_methods(std::string_view path) {
  std::set<std::string_view> methods;
  for (const auto& route : kRoutes) {
    if (path != "*" && !match_path(route.path, path)) continue;
    methods.insert({route.method, "OPTIONS"});
    if (route.method == "GET") methods.insert("HEAD");
  }
  std::string list;
  for (const auto& each : methods) list.append(list.empty() ? "" : ", ").append(each);
  return list;
}

std::optional<Reply> refuse_route(std::string_view method, std::string_view path) {
  if (find_route(method == "HEAD" ? "GET" : method, path)) return std::nullopt;
  const std::string methods = allowed_methods(path);
  if (methods.empty() || path == "*") return detail(404, "This path does not exist; /openapi.json lists all paths");
  if (method == "OPTIONS") return std::nullopt;
  Reply reply = detail(405, "This path takes " + methods);
  reply.fields.emplace_back("Allow", methods);
  return reply;
}

Reply options_reply(std::string_view path, bool of_page) {
  const std::string methods = allowed_methods(path);
  if (methods.empty()) return *refuse_route("OPTIONS", path);
  Reply reply{.status = 204, .fields = {{"Allow", methods}}};
  if (of_page) {
    reply.fields.emplace_back("Access-Control-Allow-Methods", methods);
    reply.fields.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type");
    reply.fields.emplace_back("Access-Control-Max-Age", "600");
  }
  return reply;
}

}  // namespace dind::frontends::http
