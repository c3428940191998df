#include "services/images/registry_credentials.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "services/images/image_reference.hpp"
#include "support/io/named_file.hpp"
#include "support/log/log.hpp"
#include "support/text/base64.hpp"
#include "support/text/shortened.hpp"
#include "support/wrong.hpp"

namespace dind {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto kHelperTime = 10s;

std::string_view text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? std::string_view(found->get_ref<const std::string&>())
                                                     : std::string_view{};
}

// "https://registry.example/v1/" → "registry.example"
std::string_view host_of(std::string_view key) {
  if (const auto scheme = key.find("://"); scheme != std::string_view::npos) key.remove_prefix(scheme + 3);
  return key.substr(0, key.find('/'));
}

bool same_server(std::string_view key, const std::string& server) {
  const auto host = host_of(key);
  if (server == kHubServer) return host == "index.docker.io" || host == "docker.io" || host == "registry-1.docker.io";
  return host == server;
}

// The entry for `server`: the one with its exact name, else the first one that means the same server.
const json* entry_of(const json& object, const std::string& server) {
  if (!object.is_object()) return nullptr;
  if (const auto exact = object.find(server); exact != object.end()) return &*exact;
  for (const auto& [key, value] : object.items())
    if (same_server(key, server)) return &value;
  return nullptr;
}

bool is_helper_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 &&
         std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; });
}

Result<CredentialSource> login_of(const json& entry, const std::string& server) {
  RegistryLogin login{.server = server,
                      .username = std::string(text(entry, "username")),
                      .password = std::string(text(entry, "password")),
                      .identity_token = std::string(text(entry, "identitytoken"))};
  if (const auto auth = text(entry, "auth"); !auth.empty()) {
    const auto pair = from_base64(auth);
    const auto colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos || colon == 0)
      return wrong("its \"auth\" of " + server + " is not base64 of USER:PASSWORD; log in again with `docker login`");
    login.username = pair->substr(0, colon);
    login.password = pair->substr(colon + 1);
    while (login.password.ends_with('\0')) login.password.pop_back();  // older clients wrote zero bytes at its end
  }
  if (login.identity_token.empty() && (login.username.empty() || login.password.empty())) return CredentialSource{};
  return CredentialSource{std::move(login)};
}

// nullopt: the file does not exist.
Result<std::optional<std::string>> config_text(const std::string& path) {
  auto text = read_named_file(path);
  if (text) return std::optional(std::move(*text));
  if (text.error().missing) return std::optional<std::string>{};
  return wrong("it " + text.error().what);
}

// The helper's own message about its failure. Text that looks like JSON is never shown: it may be an answer with a
// secret.
std::string complaint(const ChildResult& result) {
  for (const auto* said : {&result.out, &result.err}) {
    std::string line = said->substr(0, said->find('\n'));
    if (line.empty() || said->contains('{')) continue;
    std::ranges::replace_if(line, [](unsigned char c) { return c < 0x20 || c >= 0x7F; }, '?');
    return ": " + shortened(line, 160);
  }
  return {};
}

}  // namespace

Result<CredentialSource> find_credentials(std::string_view config_json, const std::string& server) {
  const auto config = json::parse(config_json, nullptr, false);
  if (!config.is_object()) return wrong("it is not a JSON object");  // never the parser's message: it quotes the text
  std::string_view helper = text(config, "credsStore");
  if (const auto helpers = config.find("credHelpers"); helpers != config.end()) {
    if (const auto* own = entry_of(*helpers, server); own != nullptr && own->is_string())
      helper = own->get_ref<const std::string&>();
  }
  if (!helper.empty()) {
    if (!is_helper_name(helper)) return wrong("it names an invalid credential helper");
    return CredentialSource{CredentialHelper{std::string(helper), server}};
  }
  const auto auths = config.find("auths");
  const auto* entry = auths == config.end() ? nullptr : entry_of(*auths, server);
  if (entry == nullptr || !entry->is_object()) return CredentialSource{};
  return login_of(*entry, server);
}

Result<std::optional<RegistryLogin>> read_helper(const CredentialHelper& helper, const ChildResult& result) {
  const std::string program = "docker-credential-" + helper.name;
  if (result.exit_code != 0) {
    // The helper protocol has this text on stdout, and no exit code for it.
    if (result.out.contains("credentials not found")) return std::nullopt;
    return fail(ErrorCode::image_unavailable, "the credential helper " + program + " failed (exit " +
                                                  std::to_string(result.exit_code) + ")" + complaint(result));
  }
  const auto reply = json::parse(result.out, nullptr, false);
  const auto secret = reply.is_object() ? text(reply, "Secret") : std::string_view{};
  const auto user = reply.is_object() ? text(reply, "Username") : std::string_view{};
  if (!reply.is_object() || (secret.empty() && !user.empty()))
    return fail(
        ErrorCode::image_unavailable,
        "the credential helper " + program + " answered something that is not {Username, Secret} (not shown here)");
  if (secret.empty()) return std::nullopt;
  RegistryLogin login{.server = helper.server, .username = {}, .password = {}, .identity_token = {}};
  if (user == "<token>") {
    login.identity_token = secret;
  } else {
    login.username = user;
    login.password = secret;
  }
  return login;
}

std::string registry_auth(const RegistryLogin& login) {
  hide_in_log({login.password, login.identity_token});
  json auth{{"serveraddress", login.server}};
  if (!login.identity_token.empty()) {
    auth["identitytoken"] = login.identity_token;
  } else {
    auth["username"] = login.username;
    auth["password"] = login.password;
  }
  auto header = base64url(auth.dump(-1, ' ', true, json::error_handler_t::replace));
  hide_in_log({header});
  return header;
}

RegistryCredentials::RegistryCredentials(asio::any_io_executor executor, Variables variable)
    : executor_(std::move(executor)), variable_(std::move(variable)) {}

Task<Result<std::optional<RegistryLogin>>> RegistryCredentials::ask(CredentialHelper helper, Cancel cancel) const {
  const std::string program = "docker-credential-" + helper.name;
  auto path = find_program(program, variable_("PATH").value_or("/usr/local/bin:/usr/bin:/bin"));
  if (path.empty()) co_return fail(ErrorCode::image_unavailable, "there is no " + program + " on PATH");
  const auto result =
      co_await run_child(executor_, {.path = std::move(path), .arguments = {"get"}, .input = helper.server + "\n"},
                         std::move(cancel), in(kHelperTime));
  if (!result) co_return std::unexpected(result.error());
  co_return read_helper(helper, *result);
}

Task<RegistryCredentials::Answer> RegistryCredentials::of(std::string image, Cancel cancel) const {
  std::string folder = variable_("DOCKER_CONFIG").value_or("");
  if (folder.empty()) {
    folder = variable_("HOME").value_or("");
    if (folder.empty()) co_return Answer{};
    folder += "/.docker";
  }
  const std::string path = folder + "/config.json";
  const auto config = config_text(path);
  if (!config) co_return Answer{{}, path + ": " + config.error().message};
  if (!*config) co_return Answer{};
  const auto source = find_credentials(**config, credentials_server(image_reference(image)));
  if (!source) co_return Answer{{}, path + ": " + source.error().message};
  if (const auto* login = std::get_if<RegistryLogin>(&*source)) co_return Answer{registry_auth(*login), {}};
  const auto* helper = std::get_if<CredentialHelper>(&*source);
  if (helper == nullptr) co_return Answer{};
  const auto login = co_await ask(*helper, std::move(cancel));
  if (!login) {
    log(LogLevel::warning, "No credentials for " + image + ": " + login.error().message);
    co_return Answer{{}, login.error().message + " (" + path + " names it)"};
  }
  co_return Answer{*login ? registry_auth(**login) : std::string(), {}};
}

}  // namespace dind
