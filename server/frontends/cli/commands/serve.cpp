#include <CLI/CLI.hpp>
#include <charconv>

#include "frontends/cli/commands/options.hpp"
#include "frontends/cli/commands/subcommand.hpp"
#include "support/wrong.hpp"

namespace dind::frontends::cli {
namespace {

class ServeCommand final : public SubcommandOf<ServeArguments> {
 public:
  const char* name() const override { return "serve"; }
  const char* summary() const override { return "Serve programs: HTTP on an address, JSON-RPC on a unix socket"; }
  const char* examples() const override {
    return R"help(Give --listen, --socket or both, here or in the configuration (serve.listen, serve.socket).
HTTP needs a token. On a loopback address, a token is created at the start if you give none; the path of its file is printed.

Examples:
  dind-executor serve --listen 127.0.0.1:8000
  dind-executor serve --socket /run/dind/executor.sock --socket-mode 0660
  curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
       -d '{"code": "print(6 * 7)"}' http://127.0.0.1:8000/execute

The first SIGTERM or Ctrl-C stops it: it accepts no new runs, and active runs have serve.drainTimeout (60 s) to end. A second one
cancels what runs, a third ends the process at once. SIGHUP reads tokens and limits again.)help";
  }
  void add_options(CLI::App& to) override {
    options_ = &to;
    to.add_option("--listen", listen_,
                  "HTTP on this address, such as 127.0.0.1:8000 (docs/http.md; default: serve.listen)")
        ->type_name("ADDRESS:PORT");
    to.add_option("--socket", socket_, "JSON-RPC on this unix socket (docs/rpc.md; default: serve.socket)")
        ->type_name("PATH");
    to.add_option("--socket-mode", mode_, "The socket's permissions, from 0 to 0777 (default 0600)")->type_name("MODE");
    to.add_option("--token-file", token_file_,
                  "HTTP's bearer tokens, one a line, with the word operator after it for one that sees all runs "
                  "(default: $DIND_TOKEN)")
        ->type_name("FILE");
    to.add_flag("--no-token", no_token_, "HTTP without a token, on a loopback address only");
    add_repeated(to, "--allow-host", hosts_, "A name by which HTTP clients call this server; may be repeated", "NAME");
    add_repeated(to, "--allow-origin", origins_,
                 "A web page's origin whose requests are accepted, such as https://app.example; may be repeated",
                 "ORIGIN");
    to.add_flag("--access-log", access_log_, "A line of the log for each HTTP request, at the level info");
  }

 private:
  Result<ServeArguments> read_arguments(Rest) const override {
    if (const auto checked = refuse_empty_values(*options_, "serve"); !checked) return std::unexpected(checked.error());
    ServeArguments read{.socket = optional_text(socket_),
                        .listen = optional_text(listen_),
                        .token_file = optional_text(token_file_),
                        .no_token = no_token_,
                        .access_log = access_log_,
                        .hosts = hosts_,
                        .origins = origins_};
    if (!mode_.empty()) {
      const auto mode = parse_mode(mode_);
      if (!mode) return wrong("--socket-mode: " + mode.error().message);
      read.socket_mode = *mode;
    }
    if (read.no_token && read.token_file) return wrong("serve: use --no-token or --token-file, not both");
    return read;
  }
  int execute(ServeArguments arguments, Program& program) const override { return program.serve(std::move(arguments)); }

  const CLI::App* options_ = nullptr;
  std::string socket_, mode_, listen_, token_file_;
  bool no_token_ = false, access_log_ = false;
  std::vector<std::string> hosts_, origins_;
};

}  // namespace

Result<unsigned> parse_mode(const std::string& text) {
  unsigned mode = 0;
  constexpr unsigned kMaxMode = 0777;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (text.empty() || problem != std::errc{} || end != text.data() + text.size() || mode > kMaxMode)
    return wrong('"' + text + "\" is not a file's mode such as 0600 or 0660");
  return mode;
}

std::unique_ptr<Subcommand> make_serve_command() { return std::make_unique<ServeCommand>(); }

}  // namespace dind::frontends::cli
