#include "frontends/http/routes.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "frontends/http/openapi.hpp"

namespace routes_test {

using namespace dind::frontends::http;
using nlohmann::json;

namespace {

std::string allow_field(const Reply& reply) {
  for (const auto& [name, value] : reply.fields)
    if (name == "Allow") return value;
  return {};
}

}  // namespace

TEST_CASE("The table of routes and the OpenAPI document have the same operations") {
  const json paths = json::parse(openapi_document("1"))["paths"];
  std::set<std::string> documented, known;
  for (const auto& [path, item] : paths.items())
    for (const auto& [method, operation] : item.items()) {
      if (method == "parameters") continue;
      const bool token = !(operation.contains("security") && operation["security"].empty());
      documented.insert(method + ' ' + path + ' ' + operation["operationId"].get<std::string>() +
                        (token ? " with a token" : ""));
    }
  for (const auto& route : routes()) {
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    known.insert(method + ' ' + std::string(route.path) + ' ' + std::string(route.operation_id) +
                 (route.token == TokenPolicy::required ? " with a token" : ""));
    CHECK(route.handle != nullptr);
  }
  CHECK(documented == known);
}

TEST_CASE("A part in braces matches exactly one part of a path that is not empty") {
  struct Case {
    const char *pattern, *path, *id;  // id: null for a path that does not match
  };
  const Case cases[] = {
      {"/runs", "/runs", ""},           {"/runs", "/runs/", nullptr},         {"/runs", "/run", nullptr},
      {"/runs", "/runsx", nullptr},     {"/runs/{id}", "/runs/a", "a"},       {"/runs/{id}", "/runs/", nullptr},
      {"/runs/{id}", "/runs", nullptr}, {"/runs/{id}", "/runs/a/b", nullptr}, {"/runs/{id}", "/runs/a/", nullptr},
      {"/a/{id}/b", "/a/x/b", "x"},     {"/a/{id}/b", "/a//b", nullptr},      {"/a/{id}/b", "/a/b", nullptr},
  };
  for (const auto& each : cases) {
    CAPTURE(each.pattern, each.path);
    const auto id = match_path(each.pattern, each.path);
    CHECK(id.has_value() == (each.id != nullptr));
    if (id && each.id != nullptr) CHECK(*id == each.id);
  }
}

TEST_CASE("An unsupported method gets 405 with the supported methods, and an unknown path gets 404") {
  struct Case {
    const char *method, *path;
    int status;  // 200: a handler gets the request
    const char* allow;
  };
  const Case cases[] = {
      {"GET", "/runs", 200, ""},
      {"HEAD", "/runs", 200, ""},
      {"POST", "/runs", 200, ""},
      {"OPTIONS", "/runs", 200, ""},
      {"PUT", "/runs", 405, "GET, HEAD, OPTIONS, POST"},
      {"get", "/runs", 405, "GET, HEAD, OPTIONS, POST"},
      {"GET", "/execute", 405, "OPTIONS, POST"},
      {"HEAD", "/execute", 405, "OPTIONS, POST"},
      {"POST", "/livez", 405, "GET, HEAD, OPTIONS"},
      {"DELETE", "/runs/a", 200, ""},
      {"POST", "/runs/a", 405, "DELETE, GET, HEAD, OPTIONS"},
      {"GET", "/runs/a/b", 404, ""},
      {"GET", "/", 404, ""},
      {"OPTIONS", "/nothing", 404, ""},
      {"GET", "*", 404, ""},
  };
  for (const auto& each : cases) {
    CAPTURE(each.method, each.path);
    const auto refused = refuse_route(each.method, each.path);
    CHECK((refused ? refused->status : 200) == each.status);
    CHECK((refused ? allow_field(*refused) : std::string()) == each.allow);
  }
}

TEST_CASE("Only probes need no token; an unknown path needs a token") {
  for (const char* path : {"/livez", "/readyz", "/healthz"}) CHECK(token_policy(path) == TokenPolicy::not_needed);
  for (const char* path : {"/runs", "/runs/a", "/execute", "/metrics", "/openapi.json", "/nothing", "/livez/x", "*"})
    CHECK(token_policy(path) == TokenPolicy::required);
}

TEST_CASE("OPTIONS lists the methods of a path, and adds CORS fields for an allowed origin") {
  CHECK(allow_field(options_reply("*", false)) == "DELETE, GET, HEAD, OPTIONS, POST");
  CHECK(options_reply("/nothing", true).status == 404);
  const auto plain = options_reply("/runs/a", false);
  CHECK(plain.status == 204);
  CHECK(plain.fields.size() == 1);
  const auto of_page = options_reply("/runs/a", true);
  CHECK(allow_field(of_page) == "DELETE, GET, HEAD, OPTIONS");
  CHECK(of_page.fields.size() == 4);
}

TEST_CASE("The handler gets the part of the path that matches the braces") {
  CHECK(find_route("GET", "/runs/3f2a")->id == "3f2a");
  CHECK(find_route("GET", "/runs/3f2a")->route->operation_id == "showRun");
  CHECK(find_route("POST", "/runs")->id.empty());
  CHECK_FALSE(find_route("HEAD", "/runs"));
}

}  // namespace routes_test
