// Removes runs from the history: `HistoryStore::prune`.
#include <algorithm>

#include "services/history/history_store.hpp"
#include "services/history/sqlite.hpp"
#include "support/clock.hpp"

namespace dind {

using sqlite::Failure;
using sqlite::Statement;
using sqlite::Transaction;

namespace {

struct Sizes {
  std::int64_t count = 0, bytes = 0;
};
Sizes sizes(sqlite3* handle) {
  Statement sum(handle, "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM runs");
  sum.step();
  return {sum.number_at(0), sum.number_at(1)};
}

// Removes the runs that the request names by id, client or user.
void forget_rows(sqlite3* handle, const PruneRequest& request) {
  if (request.id)
    Statement(handle, "DELETE FROM runs WHERE state <> 'running' AND (id = ?1 OR run_id = ?1)").text(*request.id).run();
  if (request.client)
    Statement(handle, "DELETE FROM runs WHERE state <> 'running' AND client = ?").text(*request.client).run();
  if (request.user)
    Statement(handle, "DELETE FROM runs WHERE state <> 'running' AND user = ?").text(*request.user).run();
}

void prune_rows(sqlite3* handle, const PruneRequest& request) {
  forget_rows(handle, request);
  if (request.older_than)
    Statement(handle, "DELETE FROM runs WHERE state <> 'running' AND began < ?")
        .number(unix_now_ms() - request.older_than->count())
        .run();
  const auto before = sizes(handle);
  if (request.keep && before.count > static_cast<std::int64_t>(std::min<std::size_t>(*request.keep, INT64_MAX)))
    Statement(
        handle,
        "DELETE FROM runs WHERE state <> 'running' AND seq NOT IN (SELECT seq FROM runs ORDER BY seq DESC LIMIT ?)")
        .number(static_cast<std::int64_t>(*request.keep))
        .run();
  if (request.max_bytes && sizes(handle).bytes > *request.max_bytes)
    Statement(handle,
              "DELETE FROM runs WHERE state <> 'running' AND seq IN (SELECT seq FROM (SELECT seq, SUM(bytes) OVER "
              "(ORDER BY seq DESC) AS newer FROM runs) WHERE newer > ?)")
        .number(*request.max_bytes)
        .run();
}

}  // namespace

Result<PruneReport> HistoryStore::prune(const PruneRequest& request) {
  try {
    sqlite3* handle = database_->handle();
    PruneReport report{.dry_run = request.dry_run};
    {
      Transaction pruning(handle);
      const auto before = sizes(handle);
      prune_rows(handle, request);
      const auto after = sizes(handle);
      report.removed = static_cast<std::size_t>(before.count - after.count);
      report.bytes = before.bytes - after.bytes;
      report.left = static_cast<std::size_t>(after.count);
      if (!request.dry_run && report.removed != 0) pruning.commit();
    }
    if (!request.dry_run && report.removed != 0) database_->execute("PRAGMA incremental_vacuum");
    if (!request.dry_run && request.for_good) database_->execute("PRAGMA wal_checkpoint(TRUNCATE)");
    return report;
  } catch (const Failure& failure) {
    return std::unexpected(database_->error(failure));
  }
}

}  // namespace dind
