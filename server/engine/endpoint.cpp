#include "engine/endpoint.hpp"

#include <algorithm>
#include <expected>
#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/text.hpp"
#include "support/ids.hpp"
#include "support/wrong.hpp"

namespace dind::engine {
namespace {

struct SandboxContext {
  const Environment& environment;
  const ReadFile& read_file;

  // An empty variable counts as unset, like in the docker CLI.
  std::string variable(const std::string& name) const { return environment(name).value_or(""); }
  bool has_file(const std::string& path) const { return read_file(path).has_value(); }
  // DOCKER_CONFIG, or ~/.docker; empty if there is no home.
  std::string config_folder() const {
    if (auto folder = variable("DOCKER_CONFIG"); !folder.empty()) return folder;
    const auto home = variable("HOME");
    return home.empty() ? "" : home + "/.docker";
  }
};

// A fault of an engine's address, and how an address looks. `shown`: the address, `origin`: the setting that names it.
std::unexpected<Error> bad_host(const std::string& shown, const std::string& origin, const std::string& why) {
  return wrong(origin + " is \"" + shown + "\": " + why +
               " It should look like unix:///var/run/docker.sock or tcp://dind:2375.");
}

// What is wrong with a scheme that an engine's address may have elsewhere, and what to set; empty: nothing.
std::string scheme_remedy(const std::string& scheme, const std::string& origin) {
  // The message names the setting that holds the address (E03); nobody writes a context by hand.
  const std::string to_set = origin.starts_with("context ") ? "DOCKER_HOST" : origin;
  if (scheme == "ssh")
    return "engines behind ssh:// are not supported yet. Forward its socket (ssh -L "
           "/tmp/docker.sock:/var/run/docker.sock HOST) and set " +
           to_set + " to unix:///tmp/docker.sock.";
  if (scheme == "npipe")
    return "npipe:// is a Windows named pipe, and this machine runs Linux. Set " + to_set +
           " to a unix:// or tcp:// address.";
  return {};
}

// Splits "host:port" or "[::1]:port". The error is the end of a sentence.
std::expected<void, std::string> split_host_and_port(std::string rest, Endpoint& endpoint) {
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string::npos) return std::unexpected("the bracket of the IPv6 address is not closed.");
    endpoint.host = rest.substr(1, end - 1);
    rest.erase(0, end + 1);
    if (!rest.empty() && !rest.starts_with(':')) return std::unexpected("a port must follow the bracket.");
  } else {
    endpoint.host = rest.substr(0, rest.find(':'));
    rest.erase(0, endpoint.host.size());
  }
  if (!rest.empty()) {
    endpoint.port = rest.substr(1);
    if (endpoint.port.empty()) return std::unexpected("the port is missing.");
  }
  const bool ipv6 = endpoint.host.contains(':');
  if (endpoint.host.empty()) return std::unexpected("the host is missing.");
  if (!std::ranges::all_of(endpoint.host, [&](unsigned char c) {
        return std::isalnum(c) || c == '.' || c == '-' || c == '_' || (ipv6 && (c == ':' || c == '%'));
      }))
    return std::unexpected("that is not a host and a port.");
  if (!endpoint.port.empty() && (endpoint.port.size() > 5 ||
                                 !std::ranges::all_of(endpoint.port, [](unsigned char c) { return std::isdigit(c); }) ||
                                 std::stoi(endpoint.port) < 1 || std::stoi(endpoint.port) > 65535))
    return std::unexpected("the port is a number from 1 to 65535.");
  return {};
}

Result<Endpoint> parse_host(const std::string& host, const std::string& origin) {
  Endpoint endpoint;
  endpoint.origin = origin;
  const std::string shown = one_line(host, 200);
  const auto bad = [&](const std::string& why) { return bad_host(shown, origin, why); };
  const auto split = host.find("://");
  const std::string scheme =
      split == std::string::npos ? (host.starts_with('/') ? "unix" : "tcp") : host.substr(0, split);
  std::string rest = split == std::string::npos ? host : host.substr(split + 3);
  if (const auto remedy = scheme_remedy(scheme, origin); !remedy.empty())
    return wrong(origin + " is \"" + shown + "\": " + remedy);
  // "unix:/x.sock" has no "//", so it would be parsed as a host "unix" with a port.
  for (const std::string known : {"unix:", "tcp:", "http:", "https:", "fd:", "ssh:", "npipe:"})
    if (split == std::string::npos && host.starts_with(known) && (host == known || host[known.size()] == '/'))
      return bad("\"//\" is missing after \"" + known + "\".");
  if (scheme == "unix") {
    if (!rest.starts_with('/')) return bad("the path of a socket is absolute.");
    if (rest.size() > 107) return bad("the path of a unix socket has at most 107 bytes.");
    endpoint.path = rest;
    endpoint.address = "unix://" + rest;
    return endpoint;
  }
  if (scheme != "tcp" && scheme != "http" && scheme != "https")
    return bad("\"" + one_line(scheme, 40) + "://\" is not an engine's address.");
  if (scheme == "https") endpoint.tls = Tls{};
  endpoint.kind = Endpoint::Kind::tcp;
  if (rest.ends_with('/')) rest.pop_back();
  if (const auto taken = split_host_and_port(std::move(rest), endpoint); !taken) return bad(taken.error());
  return endpoint;
}

// Adds the default port and the address for people; both depend on TLS.
Endpoint finished(Endpoint endpoint) {
  if (endpoint.kind == Endpoint::Kind::tcp) {
    if (endpoint.port.empty()) endpoint.port = endpoint.tls ? "2376" : "2375";
    const bool ipv6 = endpoint.host.contains(':');
    endpoint.address = "tcp://" + (ipv6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + endpoint.port;
  }
  return endpoint;
}

// Takes ca.pem, cert.pem and key.pem from a folder, if they exist.
Result<void> take_certificates(Tls& tls, const std::string& folder, const std::string& origin,
                               const SandboxContext& around) {
  const auto path_if_there = [&](const char* file) {
    const auto path = folder + "/" + file;
    return around.has_file(path) ? path : std::string();
  };
  tls.ca_file = path_if_there("ca.pem");
  tls.cert_file = path_if_there("cert.pem");
  tls.key_file = path_if_there("key.pem");
  if (tls.cert_file.empty() != tls.key_file.empty())
    return wrong("The client certificate of " + origin + " is incomplete: " + folder +
                 (tls.cert_file.empty() ? "/cert.pem" : "/key.pem") + " is missing or can't be read.");
  return {};
}

// Applies the TLS variables of the environment to an address that does not come from a context.
Result<Endpoint> with_environment_tls(Endpoint endpoint, const SandboxContext& around) {
  if (endpoint.kind == Endpoint::Kind::unix_socket) return endpoint;
  const bool verify = !around.variable("DOCKER_TLS_VERIFY").empty();  // any value, also "0", like in the docker CLI
  const bool https = endpoint.tls.has_value();
  if (!verify && !https && around.variable("DOCKER_TLS").empty()) return finished(std::move(endpoint));
  endpoint.tls = Tls{};
  endpoint.tls->verify = verify || https;
  const std::string named = around.variable("DOCKER_CERT_PATH");
  const std::string folder = named.empty() ? around.config_folder() : named;
  if (!folder.empty()) {
    if (auto taken = take_certificates(*endpoint.tls, folder, named.empty() ? folder : "DOCKER_CERT_PATH", around);
        !taken)
      return std::unexpected(taken.error());
  }
  if (!named.empty() && endpoint.tls->verify && endpoint.tls->ca_file.empty())
    return wrong("DOCKER_CERT_PATH is \"" + one_line(named, 200) + "\", and " + one_line(named, 200) +
                 "/ca.pem is missing or can't be read. Put the CA's certificate there.");
  return finished(std::move(endpoint));
}

Result<Endpoint> from_context(const std::string& name, const std::string& named_by, const SandboxContext& around) {
  const std::string shown = one_line(name, 100);
  const std::string origin = "context \"" + shown + "\"";
  const std::string folder = around.config_folder() + "/contexts/";
  const std::string meta_file = folder + "meta/" + sha256(name) + "/meta.json";
  const auto text = around.read_file(meta_file);
  if (!text)
    return wrong("There is no Docker context \"" + shown + "\", which " + named_by + " names (" + meta_file +
                 " is missing). List them with `docker context ls`, or set DOCKER_HOST.");
  const auto meta = nlohmann::json::parse(*text, nullptr, false);
  const auto broken = [&] {
    return wrong("The docker context \"" + shown + "\" is broken: " + meta_file + " has no Endpoints.docker.Host.");
  };
  if (!meta.is_object()) return broken();
  const auto docker = nlohmann::json::json_pointer("/Endpoints/docker");
  if (!meta.contains(docker) || !meta[docker].is_object()) return broken();
  const auto& described = meta[docker];
  if (!described.contains("Host") || !described["Host"].is_string()) return broken();
  auto endpoint = parse_host(described["Host"].get<std::string>(), origin);
  if (!endpoint || endpoint->kind == Endpoint::Kind::unix_socket) return endpoint;
  const auto skip = described.find("SkipTLSVerify");
  const bool skip_verify = skip != described.end() && skip->is_boolean() && skip->get<bool>();
  Tls tls;
  if (auto taken = take_certificates(tls, folder + "tls/" + sha256(name) + "/docker", origin, around); !taken)
    return std::unexpected(taken.error());
  if (endpoint->tls || skip_verify || !tls.ca_file.empty() || !tls.cert_file.empty()) {
    tls.verify = !skip_verify;
    endpoint->tls = tls;
  }
  return finished(std::move(*endpoint));
}

}  // namespace

std::string engine_choice(const Endpoint& endpoint) {
  return endpoint.choice.empty() ? "--host or DOCKER_HOST" : endpoint.choice;
}

Result<Endpoint> find_endpoint(const std::optional<NamedHost>& named, const Environment& environment,
                               const ReadFile& read_file) {
  const SandboxContext around{environment, read_file};
  const auto from_host = [&](const std::string& host, const std::string& origin) -> Result<Endpoint> {
    auto endpoint = parse_host(host, origin);
    return endpoint ? with_environment_tls(std::move(*endpoint), around) : endpoint;
  };
  if (named && !named->address.empty()) return from_host(named->address, named->origin);
  if (const auto host = around.variable("DOCKER_HOST"); !host.empty()) return from_host(host, "DOCKER_HOST");

  std::string context = around.variable("DOCKER_CONTEXT");
  std::string named_by = "DOCKER_CONTEXT";
  if (context.empty()) {
    named_by = around.config_folder() + "/config.json";
    const auto text = around.read_file(named_by);
    // An unreadable config.json does not stop the docker CLI either.
    const auto config = nlohmann::json::parse(text.value_or("{}"), nullptr, false);
    if (config.is_object() && config.contains("currentContext") && config["currentContext"].is_string())
      context = config["currentContext"].get<std::string>();
  }
  if (!context.empty() && context != "default") return from_context(context, named_by, around);
  return parse_host("unix:///var/run/docker.sock", "default");
}

}  // namespace dind::engine
