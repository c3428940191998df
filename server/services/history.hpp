// What was run: values of one run's record, what of it may be kept, and the interface of the history.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "dind/run_spec.hpp"
#include "support/secrets.hpp"
#include "support/task.hpp"

namespace dind {

// Bounds of a record.
inline constexpr std::size_t kKeptOutputPart = 32U << 10;  // head and tail, each, of each channel
inline constexpr std::size_t kKeptProgram = 256U << 10;    // a program's text; arguments and environment have as much

struct HistoryPolicy {
  bool enabled = true;
  std::string path;  // empty: $XDG_STATE_HOME/dind-executor/history.db, else ~/.local/state/dind-executor/history.db
  std::size_t max_runs = 1000;
  std::chrono::milliseconds max_age = std::chrono::hours(30 * 24);
  std::int64_t max_bytes = 64LL << 20;
  std::chrono::milliseconds patience = std::chrono::seconds(5);  // with another process that writes
};
// The file that a policy means; empty: there is neither a path nor a home.
std::string history_path(const HistoryPolicy& policy);

// `interrupted`: the process that ran it ended before the run did.
enum class HistoryState { running, finished, error, interrupted };
std::string_view name(HistoryState state);
std::optional<HistoryState> history_state(std::string_view name);

struct KeptOutput {
  std::string head;
  std::string tail;            // empty where the head holds everything
  std::uint64_t left_out = 0;  // bytes between the two
  bool operator==(const KeptOutput&) const = default;
};

// Why the kept program is not what was run.
enum class ProgramGap { none, too_large, secret };

// Known from the start of the program on.
struct HistoryStarted {
  std::string name, language, image;
  Limits limits;
  Network network = Network::none;
};

struct HistoryEnd {
  std::int64_t ended = 0;           // Unix milliseconds
  std::optional<RunResult> result;  // one of the two
  std::optional<Error> error;
  KeptOutput out, err;
};

struct HistoryRecord {
  std::string id;      // ours, unique
  std::string run_id;  // the run's; a client may use one twice
  std::string user;    // who runs dind-executor
  std::string face;    // "cli" · "editor" · "library" · "rpc" · "serve"
  std::string owner;   // process_owner()
  HistoryState state = HistoryState::running;
  std::int64_t began = 0;             // Unix milliseconds
  std::int64_t bytes = 0;             // what it takes in the history, about
  RunSpec spec;                       // as it was asked for, without secrets
  std::vector<std::string> withheld;  // the variables whose values are not kept
  ProgramGap gap = ProgramGap::none;
  std::optional<HistoryStarted> started;
  std::optional<HistoryEnd> end;  // none: running or interrupted
};

// What of a run must be in no record and no log: of its environment and of its build's arguments.
Secrets secrets_of(const RunSpec& spec);

// Takes a channel's bytes and keeps head and tail of it, without the secrets, also where one lies across two chunks.
// Nothing but their number where there are many secrets (`Secrets::few`).
class OutputKeeper {
 public:
  explicit OutputKeeper(const Secrets& secrets, std::size_t part = kKeptOutputPart)
      : secrets_(secrets), masked_(secrets), part_(part) {}
  void add(std::string_view bytes);
  KeptOutput take();  // once, after the last `add`

 private:
  void keep(std::string_view bytes);

  const Secrets& secrets_;
  static constexpr std::size_t kPiece = 4096;
  MaskedStream masked_;
  std::string waiting_;  // for more, before secrets are looked for in it
  const std::size_t part_;
  std::string head_, tail_;
  std::uint64_t total_ = 0;
};

// The record of a run that begins: who and when, and of `spec` what may be kept. `spec.run_id` must be set.
HistoryRecord new_record(const RunSpec& spec, const Secrets& secrets, std::string face);

// The spec to run again: `env` over the kept one, `args` in place of the kept ones where given. Errors
// (invalid_request): variables that must be given again, a program that was not kept; one line with the remedy.
Result<RunSpec> spec_again(const HistoryRecord& record, const std::map<std::string, std::string>& env,
                           const std::optional<std::vector<std::string>>& args);

// What goes: everything that one of the bounds leaves out. Runs that are under way stay.
struct PruneRequest {
  std::optional<std::size_t> keep;  // the newest
  std::optional<std::chrono::milliseconds> older_than;
  std::optional<std::int64_t> max_bytes;
  std::optional<std::string> id;      // that run's records: its own id, or the record's
  std::optional<std::string> client;  // every run of that client
  std::optional<std::string> user;    // every run of that user of the machine
  bool dry_run = false;
  bool for_good = false;  // leaves no trace of them in the files, which takes a moment
};
PruneRequest prune_request(const HistoryPolicy& policy);
struct PruneReport {
  std::size_t removed = 0;
  std::int64_t bytes = 0;  // of what was removed
  std::size_t left = 0;
  bool dry_run = false;
};

struct HistoryCopy {
  std::size_t runs = 0;      // in the copy
  std::size_t replaced = 0;  // import: those that were here before
};

class History {
 public:
  virtual ~History() = default;
  // Handed over and written behind the caller's back; a history that can't be written is one warning in the log.
  virtual void began(HistoryRecord record) = 0;
  virtual void started(std::string id, HistoryStarted started) = 0;
  virtual void ended(std::string id, HistoryEnd end) = 0;
  // True once everything that was handed over is written, or was given up; false when the deadline passed first.
  virtual Task<bool> written(Deadline deadline) = 0;

  // Newest first, with the program's first kilobyte and without output. A history that is not there yet is empty.
  // `client`: its runs alone (RunSpec::client); none: everyone's.
  virtual Task<Result<std::vector<HistoryRecord>>> list(std::size_t limit, std::optional<std::string> client = {}) = 0;
  // By id, run id, or the beginning of one id alone. Errors: not_found, invalid_request (more than one begins so, or
  // more than one client's have it).
  virtual Task<Result<HistoryRecord>> find(std::string id, std::optional<std::string> client = {}) = 0;
  virtual Task<Result<PruneReport>> prune(PruneRequest request) = 0;

  // A whole copy as one file (0600), which replaces a regular file of that name; of a link, what it leads to.
  // Errors (invalid_request): it can't be written, or something other than a regular file has the name.
  virtual Task<Result<HistoryCopy>> export_to(std::string file) = 0;
  // The runs of such a copy in place of those that are here, all or nothing; runs that are under way stay.
  // `shown`: the file's name in messages. Errors (invalid_request): the file is no such copy.
  virtual Task<Result<HistoryCopy>> import_from(std::string file, std::string shown) = 0;
  // Before the end of a process that lived long: all is in the history's one file. It gives up at the deadline.
  virtual Task<void> settle(Deadline deadline) = 0;
};

}  // namespace dind
