// The history of runs: the record of one run, what of a run may be kept, and the interface of the history.
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
#include "support/async/task.hpp"
#include "support/masking.hpp"

namespace dind {

// Bounds of a record, in bytes.
inline constexpr std::size_t kKeptOutputPart = 32U << 10;  // for the head and for the tail of each channel
inline constexpr std::size_t kKeptProgram = 256U << 10;  // for the program's text; arguments, environment: as much each

struct HistoryPolicy {
  bool enabled = true;
  std::string path;  // empty: $XDG_STATE_HOME/dind-executor/history.db, else ~/.local/state/dind-executor/history.db
  std::size_t max_runs = 1000;
  std::chrono::milliseconds max_age = std::chrono::hours(30 * 24);
  std::int64_t max_bytes = 64LL << 20;
  std::chrono::milliseconds patience = std::chrono::seconds(5);  // max wait for another process that writes
};
// The path of the history's file; empty: the policy has no path, and there is no home folder.
std::string history_path(const HistoryPolicy& policy);

// `interrupted`: the process of the run ended before the run did.
enum class HistoryState { running, finished, error, interrupted };
std::string_view to_string(HistoryState state);
std::optional<HistoryState> history_state(std::string_view name);

struct KeptOutput {
  std::string head;
  std::string tail;            // empty if the head has everything
  std::uint64_t left_out = 0;  // bytes between head and tail
  bool operator==(const KeptOutput&) const = default;
};

// Why the kept program differs from the program that was run.
enum class ProgramGap { none, too_large, secret };
std::string_view to_string(ProgramGap gap);  // "none" · "too_large" · "secret"
std::optional<ProgramGap> program_gap(std::string_view name);

// Values that are known when the program has started.
struct HistoryStarted {
  std::string name, language, image;
  Limits limits;
  Network network = Network::none;
};

struct HistoryEnd {
  std::int64_t ended = 0;           // Unix milliseconds
  std::optional<RunResult> result;  // either this or `error` is set
  std::optional<Error> error;
  KeptOutput out, err;
};

struct HistoryRecord {
  std::string id;        // of the record, unique
  std::string run_id;    // of the run; a client may use one twice
  std::string user;      // the user who runs dind-executor
  std::string frontend;  // "lsp" · "jsonrpc" · "http" · "cli" · "library"
  std::string owner;     // process_owner()
  HistoryState state = HistoryState::running;
  std::int64_t began = 0;             // Unix milliseconds
  std::int64_t bytes = 0;             // approximate size in the history
  RunSpec spec;                       // as it was requested, without secrets
  std::vector<std::string> withheld;  // names of the variables whose values are not kept
  ProgramGap gap = ProgramGap::none;
  std::optional<HistoryStarted> started;
  std::optional<HistoryEnd> end;  // nullopt: running or interrupted
};

// The secrets in a run's environment and in its build arguments. No record and no log may contain them.
SecretMask secret_mask(const RunSpec& spec);

// Takes the bytes of a channel and keeps their head and tail, with secrets masked. It also masks a secret that is
// split across two chunks. If there are too many secrets (`SecretMask::few`), it keeps only the number of bytes.
class OutputKeeper {
 public:
  explicit OutputKeeper(const SecretMask& secrets, std::size_t part = kKeptOutputPart)
      : secrets_(secrets), masked_(secrets), part_(part) {}
  void add(std::string_view bytes);
  KeptOutput take();  // call it once, after the last `add`

 private:
  void keep(std::string_view bytes);

  const SecretMask& secrets_;
  static constexpr std::size_t kPiece = 4096;
  MaskedStream masked_;
  std::string waiting_;  // bytes that are not searched for secrets yet
  const std::size_t part_;
  std::string head_, tail_;
  std::uint64_t total_ = 0;
};

// The record of a run that begins: who runs it, when, and the parts of `spec` that may be kept. If `spec.run_id` is not
// set, the run id is the record's id.
HistoryRecord new_record(const RunSpec& spec, const SecretMask& secrets, std::string frontend);

// The spec for a rerun. Values of `env` replace the kept ones; `args`, if given, replaces the kept arguments. Errors
// (invalid_request): variables that must be given again, a program that was not kept, `args` for a command. The message
// is one line with the remedy.
Result<RunSpec> spec_again(const HistoryRecord& record, const std::map<std::string, std::string>& env,
                           const std::optional<std::vector<std::string>>& args);

// Which runs are removed: each run that exceeds one of the bounds, or that `id`, `client` or `user` names. Active runs
// stay.
struct PruneRequest {
  std::optional<std::size_t> keep;  // how many of the newest runs stay
  std::optional<std::chrono::milliseconds> older_than;
  std::optional<std::int64_t> max_bytes;
  std::optional<std::string> id;      // remove the records with this run id or record id
  std::optional<std::string> client;  // remove every run of this client
  std::optional<std::string> user;    // remove every run of this user of the machine
  bool dry_run = false;
  bool for_good = false;  // leaves no trace of the runs in the files, which takes a moment
};
PruneRequest prune_request(const HistoryPolicy& policy);
struct PruneReport {
  std::size_t removed = 0;
  std::int64_t bytes = 0;  // of the removed runs
  std::size_t left = 0;
  bool dry_run = false;
};

struct HistoryCopy {
  std::size_t runs = 0;      // in the copy
  std::size_t replaced = 0;  // import: the runs that were here before
};

class History {
 public:
  virtual ~History() = default;
  // The next three calls return at once, and the history is written in the background. If it can't be written, the log
  // gets one warning.
  virtual void began(HistoryRecord record) = 0;
  virtual void started(std::string id, HistoryStarted started) = 0;
  virtual void ended(std::string id, HistoryEnd end) = 0;
  // Waits until everything that was handed over is written or given up (true), or until the deadline (false).
  virtual Task<bool> written(Deadline deadline) = 0;

  // Returns the newest runs first, with the first 1024 bytes of the program and without output. A history that does not
  // exist yet is empty. `client`: only the runs of this client (RunSpec::client); nullopt: the runs of all clients.
  virtual Task<Result<std::vector<HistoryRecord>>> list(std::size_t limit, std::optional<std::string> client = {}) = 0;
  // Finds a run by its record id, its run id, or a beginning of an id that only one run has. Errors: not_found,
  // invalid_request (more than one run has this beginning, or more than one client has runs with this run id).
  virtual Task<Result<HistoryRecord>> find(std::string id, std::optional<std::string> client = {}) = 0;
  virtual Task<Result<PruneReport>> prune(PruneRequest request) = 0;

  // Writes a complete copy as one file (0600), which replaces a regular file of that name. If the name is a link, the
  // file that it leads to is replaced. Errors: invalid_request (it can't be written, or something other than a regular
  // file has the name), not_found (there is no history).
  virtual Task<Result<HistoryCopy>> export_to(std::string file) = 0;
  // Replaces the runs in the history by those of such a copy, all or nothing. Active runs stay. `shown`: the file's
  // name in messages. Errors (invalid_request): the file is not such a copy.
  virtual Task<Result<HistoryCopy>> import_from(std::string file, std::string shown) = 0;
  // Moves everything into the history's one file. A long-lived process calls it before its end. It gives up at the
  // deadline.
  virtual Task<void> settle(Deadline deadline) = 0;
};

}  // namespace dind
