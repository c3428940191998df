#include "frontends/cli/history_command.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "frontends/cli/history_report.hpp"

namespace dind::frontends::cli {
namespace {

// A temporary file for data from stdin or to stdout. The destructor deletes it.
class PassingFile {
 public:
  PassingFile() {
    const char* folder = std::getenv("TMPDIR");
    path_ = std::string(folder != nullptr && *folder != '\0' ? folder : "/tmp") + "/dind-history-XXXXXX";
    fd_ = ::mkstemp(path_.data());  // 0600
  }
  PassingFile(const PassingFile&) = delete;
  PassingFile& operator=(const PassingFile&) = delete;
  ~PassingFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(path_.c_str());
  }
  bool made() const { return fd_ >= 0; }
  const std::string& path() const { return path_; }
  int fd() const { return fd_; }

 private:
  std::string path_;
  int fd_ = -1;
};

bool copy_bytes(int from, int to) {
  std::array<char, 1U << 16> buffer{};
  for (;;) {
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    for (ssize_t written = 0; written < got;) {
      const ssize_t put = ::write(to, buffer.data() + written, static_cast<std::size_t>(got - written));
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return false;
      written += put;
    }
  }
}

std::unexpected<Error> failed(const std::string& what) {
  return fail(ErrorCode::invalid_request, what + " (" + std::generic_category().message(errno) + ")");
}

Task<Result<std::string>> export_history(History& history, HistoryArguments arguments) {
  if (arguments.file != "-") {
    const auto copy = co_await history.export_to(arguments.file);
    if (!copy) co_return std::unexpected(copy.error());
    co_return history_export_text(*copy, arguments.file, arguments.json);
  }
  if (::isatty(STDOUT_FILENO) != 0)
    co_return fail(ErrorCode::invalid_request,
                   "history export: the copy is no text for a terminal: name a file, or redirect stdout");
  const PassingFile file;
  if (!file.made()) co_return failed("history export: " + file.path() + " can't be made");
  const auto copy = co_await history.export_to(file.path());
  if (!copy) co_return std::unexpected(copy.error());
  const int written = ::open(file.path().c_str(), O_RDONLY | O_CLOEXEC);  // the export replaced the file at this path
  const bool whole = written >= 0 && copy_bytes(written, STDOUT_FILENO);
  const int error = errno;
  if (written >= 0) ::close(written);
  errno = error;
  if (!whole) co_return failed("history export: the copy can't be written to stdout");
  co_return std::string();
}

Task<Result<std::string>> import_history(History& history, HistoryArguments arguments) {
  const PassingFile file;
  auto path = arguments.file;
  if (path == "-") {
    if (!file.made()) co_return failed("history import: " + file.path() + " can't be made");
    if (!copy_bytes(STDIN_FILENO, file.fd())) co_return failed("history import: stdin can't be copied");
    path = file.path();
  }
  const auto copy = co_await history.import_from(path);
  if (!copy) co_return std::unexpected(copy.error());
  co_return history_import_text(*copy, arguments.file == "-" ? "stdin" : arguments.file, arguments.json);
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
