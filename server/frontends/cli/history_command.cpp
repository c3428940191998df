#include "frontends/cli/history_command.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "frontends/cli/history_report.hpp"
#include "frontends/cli/history_stream.hpp"

namespace dind::frontends::cli {
namespace {

std::unexpected<Error> no_passing_file(const char* command, const PassingFile& file, int error) {
  return fail(ErrorCode::invalid_request, std::string(command) + ": the temporary file " + file.path() +
                                              " can't be made (" + std::generic_category().message(error) +
                                              "): set TMPDIR to a folder that you may write");
}

Task<Result<std::string>> export_history(History& history, HistoryArguments arguments) {
  const auto target = copy_target(arguments.file);
  if (target == CopyTarget::file) {
    const auto copy = co_await history.export_to(arguments.file);
    if (!copy) co_return std::unexpected(copy.error());
    co_return history_export_text(*copy, arguments.file, arguments.json);
  }
  const bool to_stdout = target == CopyTarget::stdout_stream;
  if (to_stdout && arguments.json)
    co_return fail(ErrorCode::invalid_request,
                   "history export: --json can't be used with " + arguments.file + ", because stdout is the copy");
  if (to_stdout && ::isatty(STDOUT_FILENO) != 0)
    co_return fail(ErrorCode::invalid_request,
                   "history export: the copy is binary, and stdout is a terminal: name a file, or redirect stdout");
  const PassingFile file;
  if (!file.made()) co_return no_passing_file("history export", file, errno);
  const auto copy = co_await history.export_to(file.path());  // another file takes its name
  if (!copy) co_return std::unexpected(copy.error());
  if (auto written = write_copy(file.path(), to_stdout ? "-" : arguments.file); !written)
    co_return std::unexpected(written.error());
  co_return to_stdout ? std::string() : history_export_text(*copy, arguments.file, arguments.json);
}

Task<Result<std::string>> import_history(History& history, HistoryArguments arguments) {
  const std::string source = arguments.file == "-" ? "stdin" : arguments.file;
  if (!is_stream_source(arguments.file)) {
    const auto copy = co_await history.import_from(arguments.file, source);
    if (!copy) co_return std::unexpected(copy.error());
    co_return history_import_text(*copy, source, arguments.json);
  }
  const PassingFile file;
  if (!file.made()) co_return no_passing_file("history import", file, errno);
  if (auto read = read_copy(arguments.file, file); !read) co_return std::unexpected(read.error());
  const auto copy = co_await history.import_from(file.path(), source);
  if (!copy) co_return std::unexpected(copy.error());
  co_return history_import_text(*copy, source, arguments.json);
}

PruneRequest request_of(const HistoryArguments& arguments, PruneRequest bounds) {
  const bool of_somebody = arguments.run || arguments.client || arguments.user;
  if (arguments.all || arguments.keep || arguments.older_than || of_somebody) {
    bounds = {.keep = arguments.keep,
              .older_than = arguments.older_than,
              .id = arguments.run,
              .client = arguments.client,
              .user = arguments.user};
    if (arguments.all) bounds.keep = 0;
  }
  bounds.dry_run = arguments.dry_run;
  return bounds;
}

// If the run does not exist, tells a person how to list the runs that exist.
Result<HistoryRecord> with_remedy(Result<HistoryRecord> found) {
  if (!found && found.error().code == ErrorCode::not_found)
    found.error().message += "; `dind-executor history list` shows those that it has";
  return found;
}

}  // namespace

Task<Result<std::string>> history_command(History& history, HistoryArguments arguments, PruneRequest bounds) {
  switch (arguments.action) {
    case HistoryArguments::Action::show: {
      const auto record = with_remedy(co_await history.find(arguments.id));
      if (!record) co_return std::unexpected(record.error());
      co_return history_run_text(*record, arguments.json);
    }
    case HistoryArguments::Action::prune: {
      const auto report = co_await history.prune(request_of(arguments, bounds));
      if (!report) co_return std::unexpected(report.error());
      co_return history_prune_text(*report, arguments.json);
    }
    case HistoryArguments::Action::export_to:
      co_return co_await export_history(history, std::move(arguments));
    case HistoryArguments::Action::import_from:
      co_return co_await import_history(history, std::move(arguments));
    default: {
      const auto records = co_await history.list(arguments.limit);
      if (!records) co_return std::unexpected(records.error());
      co_return history_list_text(*records, arguments.json);
    }
  }
}

Task<Result<RunArguments>> rerun_arguments(History& history, HistoryArguments arguments) {
  const auto record = with_remedy(co_await history.find(arguments.id));
  if (!record) co_return std::unexpected(record.error());
  auto spec = spec_again(*record, arguments.env, arguments.args);
  if (!spec) co_return std::unexpected(spec.error());
  RunArguments run;
  spec->record = arguments.record;
  run.again = std::move(*spec);
  run.stdin_file = arguments.stdin_file;
  run.json = arguments.json;
  run.quiet = arguments.quiet;
  co_return run;
}

}  // namespace dind::frontends::cli
