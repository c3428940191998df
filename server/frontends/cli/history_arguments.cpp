#include "frontends/cli/history_arguments.hpp"

#include <CLI/CLI.hpp>
#include <charconv>

#include "support/units.hpp"
#include "support/wrong.hpp"

namespace dind::frontends::cli {
namespace {

constexpr const char* kFooter = R"(Examples:
  dind-executor history                      the last runs
  dind-executor history show 3f2a            one of them with its output; the beginning of its ID is enough
  dind-executor history rerun 3f2a           the same program again
  dind-executor history rerun 3f2a -- other arguments
  dind-executor history prune --older-than 7d
  dind-executor history export history.db    a copy, while runs go on; `import` brings it back
  dind-executor history prune --client token:6f2c81d09be14a7c)";

Result<std::size_t> count(const char* option, const std::string& text, std::size_t least) {
  std::size_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || value < least)
    return wrong(std::string(option) + ": \"" + text + "\" is not a whole number from " + std::to_string(least));
  return value;
}

}  // namespace

struct HistoryOptions::Raw {
  CLI::App *history = nullptr, *list = nullptr, *show = nullptr, *rerun = nullptr, *prune = nullptr;
  CLI::App *export_to = nullptr, *import_from = nullptr;
  std::string id, file, limit, keep, older_than, stdin_file, run, client, user;
  std::vector<std::string> env;
  bool all = false, dry_run = false, json = false, quiet = false, no_history = false;
};

HistoryOptions::HistoryOptions(CLI::App& app, const std::function<void(CLI::App&)>& add_global)
    : raw_(std::make_unique<Raw>()) {
  Raw& raw = *raw_;
  raw.history = app.add_subcommand("history", "Earlier runs: list, show, rerun, prune, export, import");
  raw.history->require_subcommand(0, 1);
  raw.history->footer(kFooter);
  add_global(*raw.history);
  const auto add_id = [&](CLI::App& to) {
    to.add_option("id", raw.id, "Which run; the beginning of its ID is enough")->type_name("ID");
  };
  const auto add_json = [&](CLI::App& to) { to.add_flag("--json", raw.json, "As JSON"); };

  raw.list = raw.history->add_subcommand("list", "The last runs, newest first");
  raw.list->add_option("--limit,-n", raw.limit, "How many (default 20)")->type_name("N");
  add_json(*raw.list);
  add_global(*raw.list);

  raw.show = raw.history->add_subcommand("show", "One run: what was asked, how it ended, its output");
  add_id(*raw.show);
  add_json(*raw.show);
  add_global(*raw.show);

  raw.rerun = raw.history->add_subcommand("rerun", "Run it again as it was; other arguments follow --");
  add_id(*raw.rerun);
  raw.rerun->add_option("--env,-e", raw.env, "Set a variable; needed for secrets, which the history doesn't keep")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->allow_extra_args(false)
      ->take_all();
  raw.rerun
      ->add_option("--stdin", raw.stdin_file,
                   "Give the program this file as its stdin (default: the stdin of this command)")
      ->type_name("FILE");
  raw.rerun->add_flag("--no-history", raw.no_history, "Keep nothing of the new run in the history");
  raw.rerun->add_flag("--json", raw.json, "Events as JSON lines, as `run --json`");
  raw.rerun->add_flag("--quiet,-q", raw.quiet, "No progress and no verdict line on stderr");
  add_global(*raw.rerun);

  raw.prune = raw.history->add_subcommand("prune", "Forget runs (default: what the configuration's bounds leave out)");
  raw.prune->add_option("--keep", raw.keep, "Keep the newest N")->type_name("N");
  raw.prune->add_option("--older-than", raw.older_than, "Forget what is older: 7d, 12h")->type_name("TIME");
  raw.prune->add_option("--run", raw.run, "Forget one run, by its id or its record's")->type_name("ID");
  raw.prune->add_option("--client", raw.client, "Forget every run of one client")->type_name("NAME");
  raw.prune->add_option("--user", raw.user, "Forget every run of one user of the machine")->type_name("NAME");
  raw.prune->add_flag("--all", raw.all, "Forget all runs that have ended");
  raw.prune->add_flag("--dry-run", raw.dry_run, "Say what would go, and forget nothing");
  add_json(*raw.prune);
  add_global(*raw.prune);

  const auto add_file = [&](CLI::App& to, const char* what) {
    to.add_option("file", raw.file, what)->type_name("FILE");
    add_json(to);
    add_global(to);
  };
  raw.export_to = raw.history->add_subcommand("export", "Copy the whole history to a file, while runs go on");
  add_file(*raw.export_to, "The file to write; an existing one is replaced; - is stdout");
  raw.import_from = raw.history->add_subcommand("import", "Bring a copy back: its runs replace those of the history");
  add_file(*raw.import_from, "The file that `history export` wrote; - is stdin");
}

HistoryOptions::~HistoryOptions() = default;

const CLI::App* HistoryOptions::command() const { return raw_->history; }

Result<HistoryArguments> HistoryOptions::arguments(std::optional<std::vector<std::string>> rest) const {
  const Raw& raw = *raw_;
  using enum HistoryArguments::Action;
  HistoryArguments asked{.action = raw.show->parsed()          ? show
                                   : raw.rerun->parsed()       ? rerun
                                   : raw.prune->parsed()       ? prune
                                   : raw.export_to->parsed()   ? export_to
                                   : raw.import_from->parsed() ? import_from
                                                               : list,
                         .id = raw.id,
                         .file = raw.file,
                         .all = raw.all,
                         .dry_run = raw.dry_run,
                         .json = raw.json,
                         .quiet = raw.quiet,
                         .record = !raw.no_history};
  // An empty value comes from an unset variable of a script. It must not silently mean the default.
  for (const CLI::App* command : {raw.list, raw.show, raw.rerun, raw.prune, raw.export_to, raw.import_from})
    for (const auto* option : command->get_options())
      if (option->count() > 0 && option->get_expected_min() > 0 && option->results().front().empty())
        return wrong("history: the value of " + option->get_name() + " is empty");
  if (rest && asked.action != rerun) return wrong("Only `run` and `history rerun` take arguments after --");
  if (asked.id.empty() && asked.action == show)
    return wrong(
        "history show: name a run: `dind-executor history show ID`; `dind-executor history list` shows the IDs");
  if (asked.id.empty() && asked.action == rerun)
    return wrong(
        "history rerun: name a run: `dind-executor history rerun ID`; `dind-executor history list` shows the IDs");
  if (asked.file.empty() && asked.action == export_to)
    return wrong("history export: name a file: `dind-executor history export FILE`");
  if (asked.file.empty() && asked.action == import_from)
    return wrong("history import: name a file that `dind-executor history export FILE` wrote");
  if (asked.file == "-" && asked.action == export_to && asked.json)
    return wrong("history export: --json can't be used with -, because stdout is the copy");
  asked.args = std::move(rest);
  if (!raw.stdin_file.empty()) asked.stdin_file = raw.stdin_file;
  for (const auto& pair : raw.env) {
    const auto equals = pair.find('=');
    // The message does not repeat what was typed: it may be only the secret.
    if (equals == std::string::npos || equals == 0) return wrong("--env: one of the values is not NAME=VALUE");
    asked.env.insert_or_assign(pair.substr(0, equals), pair.substr(equals + 1));
  }
  if (!raw.limit.empty()) {
    const auto limit = count("--limit", raw.limit, 1);
    if (!limit) return std::unexpected(limit.error());
    asked.limit = *limit;
  }
  if (!raw.keep.empty()) {
    const auto keep = count("--keep", raw.keep, 0);
    if (!keep) return std::unexpected(keep.error());
    asked.keep = *keep;
  }
  if (!raw.older_than.empty()) {
    const auto age = parse_duration(raw.older_than);
    if (!age) return wrong("--older-than: " + age.error().message);
    asked.older_than = *age;
  }
  const auto optional = [](const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); };
  asked.run = optional(raw.run);
  asked.client = optional(raw.client);
  asked.user = optional(raw.user);
  if (int{asked.all} + int{asked.run.has_value()} + int{asked.client.has_value()} + int{asked.user.has_value()} > 1)
    return wrong("history prune: --run, --client, --user and --all are alternatives: give one of them");
  if (asked.all && (asked.keep || asked.older_than))
    return wrong("history prune: --keep and --older-than can't be used with --all");
  return asked;
}

}  // namespace dind::frontends::cli
