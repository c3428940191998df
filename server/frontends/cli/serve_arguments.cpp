#include "frontends/cli/serve_arguments.hpp"

#include <CLI/CLI.hpp>
#include <charconv>

#include "support/wrong.hpp"

namespace dind::frontends::cli {
namespace {

constexpr const char* kServeFooter =
    R"help(Give --listen, --socket or both, here or in the configuration (serve.listen, serve.socket).
HTTP needs a token. On a loopback address, a token is created at the start if you give none; the path of its file is printed.

Examples:
  dind-executor serve --listen 127.0.0.1:8000
  dind-executor serve --socket /run/dind/executor.sock --socket-mode 0660
  curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
       -d '{"code": "print(6 * 7)"}' http://127.0.0.1:8000/execute

The first SIGTERM or Ctrl-C stops it: it accepts no new runs, and active runs have serve.drainTimeout (60 s) to end. A second one
cancels what runs, a third ends the process at once. SIGHUP reads tokens and limits again.)help";

constexpr const char* kRpcFooter = R"help(It ends when stdin ends; what runs is cancelled then.

Example:
  body='{"jsonrpc": "2.0", "id": 1, "method": "runPythonCode", "params": {"code": "print(6 * 7)"}}'
  (printf 'Content-Length: %d\r\n\r\n%s' "$(printf %s "$body" | wc -c)" "$body"; sleep 5) | dind-executor rpc)help";

}  // namespace

Result<unsigned> parse_mode(const std::string& text) {
  unsigned mode = 0;
  constexpr unsigned kMaxMode = 0777;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (text.empty() || problem != std::errc{} || end != text.data() + text.size() || mode > kMaxMode)
    return wrong('"' + text + "\" is not a file's mode such as 0600 or 0660");
  return mode;
}

struct ServeOptions::Raw {
  CLI::App *serve = nullptr, *rpc = nullptr;
  std::string socket, mode, listen, token_file;
  bool no_token = false, access_log = false, stdio = false;
  std::vector<std::string> hosts, origins;
};

ServeOptions::ServeOptions(CLI::App& app, const std::function<void(CLI::App&)>& add_global)
    : raw_(std::make_unique<Raw>()) {
  Raw& raw = *raw_;
  raw.serve = app.add_subcommand("serve", "Serve programs: HTTP on an address, JSON-RPC on a unix socket");
  raw.serve->add_option("--listen", raw.listen, "HTTP on this address, such as 127.0.0.1:8000 (docs/http.md)")
      ->type_name("ADDRESS:PORT");
  raw.serve->add_option("--socket", raw.socket, "JSON-RPC on this unix socket (docs/rpc.md)")->type_name("PATH");
  raw.serve->add_option("--socket-mode", raw.mode, "The socket's permissions (default 0600)")->type_name("MODE");
  raw.serve
      ->add_option("--token-file", raw.token_file,
                   "HTTP's bearer tokens, one a line, with the word operator after it for one that sees all runs "
                   "(default: $DIND_TOKEN)")
      ->type_name("FILE");
  raw.serve->add_flag("--no-token", raw.no_token, "HTTP without a token, on a loopback address only");
  raw.serve->add_option("--allow-host", raw.hosts, "A name by which HTTP clients call this server; may be repeated")
      ->type_name("NAME")
      ->expected(1)
      ->allow_extra_args(false)
      ->take_all();
  raw.serve
      ->add_option("--allow-origin", raw.origins,
                   "A web page's origin whose requests are accepted, such as https://app.example; may be repeated")
      ->type_name("ORIGIN")
      ->expected(1)
      ->allow_extra_args(false)
      ->take_all();
  raw.serve->add_flag("--access-log", raw.access_log, "A line of the log for each HTTP request, at the level info");
  raw.serve->footer(kServeFooter);
  add_global(*raw.serve);

  raw.rpc = app.add_subcommand("rpc", "Serve one program: JSON-RPC on stdin and stdout (docs/rpc.md)");
  raw.rpc->add_flag("--stdio", raw.stdio, "Accepted for editors that give it; stdio is the only transport");
  raw.rpc->footer(kRpcFooter);
  add_global(*raw.rpc);
}

ServeOptions::~ServeOptions() = default;

const CLI::App* ServeOptions::serve() const { return raw_->serve; }
const CLI::App* ServeOptions::rpc() const { return raw_->rpc; }

Result<ServeArguments> ServeOptions::arguments() const {
  const Raw& raw = *raw_;
  // An empty value comes from an unset variable of a script. It must not silently mean the default.
  for (const auto* option : raw.serve->get_options())
    for (const auto& value : option->get_expected_min() > 0 ? option->results() : std::vector<std::string>{})
      if (value.empty()) return wrong("serve: the value of " + option->get_name() + " is empty");
  const auto optional = [](const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); };
  ServeArguments asked{.socket = optional(raw.socket),
                       .listen = optional(raw.listen),
                       .token_file = optional(raw.token_file),
                       .no_token = raw.no_token,
                       .access_log = raw.access_log,
                       .hosts = raw.hosts,
                       .origins = raw.origins};
  if (!raw.mode.empty()) {
    const auto mode = parse_mode(raw.mode);
    if (!mode) return wrong("--socket-mode: " + mode.error().message);
    asked.socket_mode = *mode;
  }
  if (asked.no_token && asked.token_file) return wrong("serve: use --no-token or --token-file, not both");
  return asked;
}

}  // namespace dind::frontends::cli
