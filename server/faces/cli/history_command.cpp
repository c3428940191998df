#include "faces/cli/history_command.hpp"

#include "faces/cli/history_report.hpp"

namespace dind::faces::cli {
namespace {

PruneRequest request_of(const HistoryArguments& arguments, PruneRequest bounds) {
  if (arguments.all || arguments.keep || arguments.older_than) {
    bounds = {.keep = arguments.keep, .older_than = arguments.older_than};
    if (arguments.all) bounds.keep = 0;
  }
  bounds.dry_run = arguments.dry_run;
  return bounds;
}

}  // namespace

Task<Result<std::string>> history_command(History& history, HistoryArguments arguments, PruneRequest bounds) {
  switch (arguments.action) {
    case HistoryArguments::Action::show: {
      const auto record = co_await history.find(arguments.id);
      if (!record) co_return std::unexpected(record.error());
      co_return history_run_text(*record, arguments.json);
    }
    case HistoryArguments::Action::prune: {
      const auto report = co_await history.prune(request_of(arguments, bounds));
      if (!report) co_return std::unexpected(report.error());
      co_return history_prune_text(*report, arguments.json);
    }
    default: {
      const auto records = co_await history.list(arguments.limit);
      if (!records) co_return std::unexpected(records.error());
      co_return history_list_text(*records, arguments.json);
    }
  }
}

Task<Result<RunArguments>> rerun_arguments(History& history, HistoryArguments arguments) {
  const auto record = co_await history.find(arguments.id);
  if (!record) co_return std::unexpected(record.error());
  auto spec = spec_again(*record, arguments.env, arguments.args);
  if (!spec) co_return std::unexpected(spec.error());
  RunArguments run;
  run.again = std::move(*spec);
  run.stdin_file = arguments.stdin_file;
  run.json = arguments.json;
  run.quiet = arguments.quiet;
  co_return run;
}

}  // namespace dind::faces::cli
