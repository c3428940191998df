#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>

#include "frontends/cli/commands/options.hpp"
#include "frontends/cli/commands/subcommand.hpp"
#include "frontends/cli/history_command.hpp"
#include "frontends/cli/run_command.hpp"
#include "support/units.hpp"
#include "support/wrong.hpp"

namespace dind::frontends::cli {
namespace {

Result<std::size_t> whole_number(const char* option, const std::string& text, std::size_t min) {
  std::size_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || value < min)
    return wrong(std::string(option) + ": \"" + text + "\" is not a whole number from " + std::to_string(min));
  return value;
}

Task<int> print_history(Program::RecordedRuns recorded, HistoryArguments arguments) {
  const auto text = co_await history_command(recorded.history, std::move(arguments), recorded.bounds);
  if (!text) co_return report(text.error());
  std::cout << *text << std::flush;
  co_return 0;
}

Task<int> run_again(asio::any_io_executor executor, Program::Services services, HistoryArguments arguments) {
  auto again = co_await rerun_arguments(services.history, std::move(arguments));
  if (!again) co_return report(again.error());
  co_return co_await run_command(std::move(executor), services.runs, std::move(*again));
}

class HistoryCommand final : public SubcommandOf<HistoryArguments> {
 public:
  const char* name() const override { return "history"; }
  const char* summary() const override { return "Earlier runs: list, show, rerun, prune, export, import"; }
  const char* examples() const override {
    return R"(Examples:
  dind-executor history                      the last runs
  dind-executor history show 3f2a            one of them with its output; the beginning of its ID is enough
  dind-executor history rerun 3f2a           the same program again
  dind-executor history rerun 3f2a -- other arguments
  dind-executor history prune --older-than 7d
  dind-executor history export history.db    a copy, while runs go on; `import` brings it back
  dind-executor history prune --client token:6f2c81d09be14a7c)";
  }
  bool takes_rest() const override { return true; }  // of `rerun`

  void add_options(CLI::App& to) override {
    to.require_subcommand(0, 1);
    add_list(add(to, Action::list, "list", "The last runs, newest first"));
    add_show(add(to, Action::show, "show", "One run: what was asked, how it ended, its output"));
    add_rerun(add(to, Action::rerun, "rerun", "Run it again as it was; other arguments follow --"));
    add_prune(add(to, Action::prune, "prune", "Forget runs (default: what the configuration's bounds leave out)"));
    add_file(add(to, Action::export_to, "export", "Copy the whole history to a file, while runs go on"),
             "The file to write; an existing one is replaced; - is stdout");
    add_file(add(to, Action::import_from, "import", "Bring a copy back: its runs replace those of the history"),
             "The file that `history export` wrote; - is stdin");
  }

 private:
  using Action = HistoryArguments::Action;

  CLI::App& add(CLI::App& to, Action action, const char* name, const char* summary) {
    CLI::App* added = to.add_subcommand(name, summary);
    actions_.emplace_back(action, added);
    return *added;
  }
  void add_id(CLI::App& to) {
    to.add_option("id", typed_.id, "Which run; the beginning of its ID is enough")->type_name("ID");
  }
  void add_json(CLI::App& to) { to.add_flag("--json", typed_.json, "Print JSON"); }

  void add_list(CLI::App& to) {
    to.add_option("--limit,-n", limit_, "How many, at least 1 (default 20)")->type_name("N");
    add_json(to);
  }
  void add_show(CLI::App& to) {
    add_id(to);
    add_json(to);
  }
  void add_rerun(CLI::App& to) {
    add_id(to);
    add_repeated(to, "--env,-e", env_, "Set a variable; needed for secrets, which the history doesn't keep",
                 "NAME=VALUE");
    to.add_option("--stdin", stdin_file_,
                  "Give the program this file as its stdin (default: the stdin of this command)")
        ->type_name("FILE");
    to.add_flag("--no-history", no_history_, "Keep nothing of the new run in the history");
    to.add_flag("--json", typed_.json, "Events as JSON lines, as `run --json`");
    to.add_flag("--quiet,-q", typed_.quiet, "No progress and no verdict line on stderr");
  }
  void add_prune(CLI::App& to) {
    to.add_option("--keep", keep_, "Keep the newest N, at least 0")->type_name("N");
    to.add_option("--older-than", older_than_, "Forget what is older: 7d, 12h")->type_name("TIME");
    to.add_option("--run", run_, "Forget one run, by its id or its record's")->type_name("ID");
    to.add_option("--client", client_, "Forget every run of one client")->type_name("NAME");
    to.add_option("--user", user_, "Forget every run of one user of the machine")->type_name("NAME");
    to.add_flag("--all", typed_.all, "Forget all runs that have ended");
    to.add_flag("--dry-run", typed_.dry_run, "Say what would go, and forget nothing");
    add_json(to);
  }
  void add_file(CLI::App& to, const char* what) {
    to.add_option("file", typed_.file, what)->type_name("FILE");
    add_json(to);
  }

  Result<HistoryArguments> read_arguments(Rest rest) const override {
    HistoryArguments read = typed_;
    for (const auto& [action, command] : actions_) {
      if (const auto checked = refuse_empty_values(*command, "history"); !checked)
        return std::unexpected(checked.error());
      if (command->parsed()) read.action = action;
    }
    if (rest && read.action != Action::rerun) return wrong("Only `run` and `history rerun` take arguments after --");
    read.args = std::move(rest);
    read.record = !no_history_;
    read.stdin_file = optional_text(stdin_file_);
    read.run = optional_text(run_);
    read.client = optional_text(client_);
    read.user = optional_text(user_);
    if (const auto named = check_names(read); !named) return std::unexpected(named.error());
    if (const auto numbers = read_numbers(read); !numbers) return std::unexpected(numbers.error());
    if (const auto selected = check_selection(read); !selected) return std::unexpected(selected.error());
    return read;
  }

  // Whether the action has the run or the file that it needs.
  static Result<void> check_names(const HistoryArguments& read) {
    const std::string ids = "; `dind-executor history list` shows the IDs";
    if (read.id.empty() && read.action == Action::show)
      return wrong("history show: name a run: `dind-executor history show ID`" + ids);
    if (read.id.empty() && read.action == Action::rerun)
      return wrong("history rerun: name a run: `dind-executor history rerun ID`" + ids);
    if (read.file.empty() && read.action == Action::export_to)
      return wrong("history export: name a file: `dind-executor history export FILE`");
    if (read.file.empty() && read.action == Action::import_from)
      return wrong("history import: name a file that `dind-executor history export FILE` wrote");
    if (read.file == "-" && read.action == Action::export_to && read.json)
      return wrong("history export: --json can't be used with -, because stdout is the copy");
    return {};
  }

  Result<void> read_numbers(HistoryArguments& read) const {
    auto env = parse_variables(env_);
    if (!env) return std::unexpected(env.error());
    read.env = std::move(*env);
    if (!limit_.empty()) {
      const auto limit = whole_number("--limit", limit_, 1);
      if (!limit) return std::unexpected(limit.error());
      read.limit = *limit;
    }
    if (!keep_.empty()) {
      const auto keep = whole_number("--keep", keep_, 0);
      if (!keep) return std::unexpected(keep.error());
      read.keep = *keep;
    }
    if (!older_than_.empty()) {
      const auto age = parse_duration(older_than_);
      if (!age) return wrong("--older-than: " + age.error().message);
      read.older_than = *age;
    }
    return {};
  }

  // What is forgotten is said in one way.
  static Result<void> check_selection(const HistoryArguments& read) {
    if (int{read.all} + int{read.run.has_value()} + int{read.client.has_value()} + int{read.user.has_value()} > 1)
      return wrong("history prune: --run, --client, --user and --all are alternatives: give one of them");
    if (read.all && (read.keep || read.older_than))
      return wrong("history prune: --keep and --older-than can't be used with --all");
    return {};
  }

  int execute(HistoryArguments arguments, Program& program) const override {
    if (arguments.action == Action::rerun) {
      const auto services = program.services();
      if (!services) return report(services.error());
      return program.run(run_again(program.executor(), *services, std::move(arguments)), Background::upkeep);
    }
    const auto recorded = program.history();
    if (!recorded) return report(recorded.error());
    return program.run(print_history(*recorded, std::move(arguments)));
  }

  std::vector<std::pair<Action, const CLI::App*>> actions_;
  HistoryArguments typed_;  // what needs no interpretation
  std::string limit_, keep_, older_than_, stdin_file_, run_, client_, user_;
  std::vector<std::string> env_;
  bool no_history_ = false;
};

}  // namespace

std::unique_ptr<Subcommand> make_history_command() { return std::make_unique<HistoryCommand>(); }

}  // namespace dind::frontends::cli
