#include <CLI/CLI.hpp>

#include "frontends/cli/commands/subcommand.hpp"

namespace dind::frontends::cli {
namespace {

class RpcCommand final : public SubcommandOf<RpcArguments> {
 public:
  const char* name() const override { return "rpc"; }
  const char* summary() const override { return "Serve one program: JSON-RPC on stdin and stdout (docs/rpc.md)"; }
  const char* examples() const override {
    return R"help(It ends when stdin ends; what runs is cancelled then.

Example:
  body='{"jsonrpc": "2.0", "id": 1, "method": "runPythonCode", "params": {"code": "print(6 * 7)"}}'
  (printf 'Content-Length: %d\r\n\r\n%s' "$(printf %s "$body" | wc -c)" "$body"; sleep 5) | dind-executor rpc)help";
  }
  void add_options(CLI::App& to) override {
    to.add_flag("--stdio", stdio_, "Accepted for editors that give it; stdio is the only transport");
  }

 private:
  Result<RpcArguments> read_arguments(Rest) const override { return RpcArguments{}; }
  int execute(RpcArguments, Program& program) const override { return program.serve_rpc(); }

  bool stdio_ = false;
};

}  // namespace

std::unique_ptr<Subcommand> make_rpc_command() { return std::make_unique<RpcCommand>(); }

}  // namespace dind::frontends::cli
