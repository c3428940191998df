#include <CLI/CLI.hpp>

#include "frontends/cli/commands/subcommand.hpp"

namespace dind::frontends::cli {
namespace {

class LspCommand final : public SubcommandOf<LspArguments> {
 public:
  const char* name() const override { return "lsp"; }
  const char* summary() const override { return "Serve an editor: the Language Server Protocol on stdin and stdout"; }
  const char* examples() const override {
    return R"(An editor starts it. docs/editors.md says how to set up Neovim and Emacs, docs/protocol.md has every method.

Example, as an editor starts it:
  dind-executor lsp --clientProcessId 4711)";
  }
  void add_options(CLI::App& to) override {
    to.add_flag("--stdio", stdio_, "Accepted for editors that give it; stdio is the only transport");
    client_ = to.add_option("--clientProcessId", client_process_id_, "End when this process does (default: never)")
                  ->type_name("PID")
                  ->check(CLI::PositiveNumber);
  }
  bool takes_host_option() const override { return true; }

 private:
  Result<LspArguments> read_arguments(Rest) const override {
    return LspArguments{client_->count() > 0 ? std::optional(client_process_id_) : std::nullopt};
  }
  int execute(LspArguments arguments, Program& program) const override { return program.serve_lsp(arguments); }

  bool stdio_ = false;
  std::int64_t client_process_id_ = 0;
  CLI::Option* client_ = nullptr;
};

}  // namespace

std::unique_ptr<Subcommand> make_lsp_command() { return std::make_unique<LspCommand>(); }

}  // namespace dind::frontends::cli
