#include "engine/build_fault.hpp"

#include <algorithm>
#include <initializer_list>

#include "engine/reasons.hpp"
#include "engine/status.hpp"
#include "engine/text.hpp"

namespace dind::engine {
namespace {

bool begins_with_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](std::string_view part) { return text.starts_with(part); });
}
bool ends_with_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](std::string_view part) { return text.ends_with(part); });
}

}  // namespace

std::optional<Error> build_fault(const Endpoint& endpoint, const BuildFailure& failure) {
  if (failure.exit_code != 0) return std::nullopt;
  std::string text = failure.message;
  while (text.ends_with('.') || text.ends_with(' ')) text.pop_back();
  const auto engines = [&](const std::string& remedy, const std::string& cause = {}) {
    return Error{ErrorCode::engine_error,
                 "The engine at " + endpoint.address +
                     " could not continue a build: " + one_line(cause.empty() ? text : cause) + ". " + remedy,
                 200};
  };
  // The path of the engine's own file before the cause helps nobody.
  if (ends_with_any(text, {"no space left on device", "disk quota exceeded"}) ||
      has_any(text, {": no space left on device", ": disk quota exceeded"}))
    return engines("Free disk space on the engine's machine (`dind-executor gc`, `docker builder prune`)",
                   text.contains("disk quota exceeded") ? "disk quota exceeded" : "no space left on device");
  if (ends_with_any(text, {"input/output error", "read-only file system", "structure needs cleaning"}))
    return engines("Check the disk of the engine's machine");
  // The Dockerfile asks for something that does not exist.
  if (begins_with_any(text, {"COPY failed:", "ADD failed:", "failed to compute cache key:"}) ||
      text.contains("failed to create LLB definition: dockerfile parse error"))
    return std::nullopt;
  const bool runs =
      has_any(text, {"OCI runtime create failed", "OCI runtime start failed", "executor failed running ["});
  if (runs && has_any(text, {"exec: \"", "executable file not found", "chdir to cwd", "unable to find user",
                             "unable to find group", "mkdir ", "exec format error"}))
    return std::nullopt;
  if (network_has_ended(text) || has_any(text, {"joining network namespace", "join network of"}) ||
      (begins_with_any(text, {"No such container"})))
    return engines("The container that holds the build's network was removed: try again");
  if (has_any(text,
              {"toomanyrequests", "manifest unknown", "manifest for ", "no matching manifest", "pull access denied",
               "authentication required", "no basic auth", "TLS handshake timeout", "x509: ", "dial tcp",
               "failed to do request", "error response from registry", "failed to resolve source metadata",
               "Client.Timeout", "failed to resolve reference", "failed to authorize", "proxyconnect"}) &&
      !text.contains("failed to load cache key: Get "))  // then the failed address is that of an ADD instruction
    return pull_error(endpoint, "that the Dockerfile names", text, 200);
  if (runs || has_any(text, {"failed to create shim", "failed to start shim", "failed to create task", "containerd",
                             "ttrpc: closed", "transport is closing", "error creating overlay mount", "failed to mount",
                             "failed to register layer", "layer does not exist", "failed to get layer",
                             "failed to export image", "cannot allocate memory", "too many open files",
                             "failed to create endpoint", "failed to set up container networking"}))
    return engines("Check the engine's log, and try again");
  return std::nullopt;
}

std::optional<std::string> refused_dockerfile(const Error& error) {
  const auto at = error.message.find("': ");
  if (error.engine_status < 400 || error.engine_status > 500 || at == std::string::npos) return std::nullopt;
  const auto words = error.message.substr(at + 3);
  const auto text = std::string_view(words);
  // Some engines answer 500 to these errors too. If the engine cannot open or copy a Dockerfile, that is an engine
  // error.
  const bool its_own = begins_with_any(
      text, {"dockerfile parse error", "Dockerfile parse error", "failed to parse ", "failed to reach build target",
             "the Dockerfile (", "The Dockerfile (", "file with no instructions", "no build stage in current context",
             "Syntax error", "syntax error", "unknown instruction"});
  if (!its_own || ends_with_any(text, {"no space left on device", "input/output error"})) return std::nullopt;
  return words;
}

}  // namespace dind::engine
