#include <CLI/CLI.hpp>
#include <iostream>

#include "frontends/cli/commands/subcommand.hpp"
#include "frontends/cli/report.hpp"
#include "services/workspaces/languages_service.hpp"

namespace dind::frontends::cli {
namespace {

class LanguagesCommand final : public SubcommandOf<LanguagesArguments> {
 public:
  const char* name() const override { return "languages"; }
  const char* summary() const override { return "List the languages, their extensions and images"; }
  const char* examples() const override {
    return R"(Examples:
  dind-executor languages
  dind-executor run --language python notes.txt     (the name of the file does not matter then)

The first image that the engine has is used, else the first one is pulled. `images` in the configuration file
names another image for a language (docs/configuration.md).)";
  }
  void add_options(CLI::App& to) override { to.add_flag("--json", json_, "Print JSON"); }

 private:
  Result<LanguagesArguments> read_arguments(Rest) const override { return LanguagesArguments{json_}; }
  int execute(LanguagesArguments arguments, Program&) const override {
    std::cout << languages_text(language_list(), arguments.json) << std::flush;
    return 0;
  }

  bool json_ = false;
};

}  // namespace

std::unique_ptr<Subcommand> make_languages_command() { return std::make_unique<LanguagesCommand>(); }

}  // namespace dind::frontends::cli
