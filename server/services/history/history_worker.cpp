#include "services/history/history_worker.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cerrno>
#include <iterator>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "services/history/history_store.hpp"
#include "support/async/until.hpp"
#include "support/log/log.hpp"

namespace dind {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxPending = 256;  // a disk that hangs must not fill the memory of this process
constexpr auto kAnswerTime = 30s;
constexpr auto kCopyTime = 10min;  // for a copy of the whole file
constexpr auto kAsideTime = 1s;

}  // namespace

// Shared with the pending work, which may outlive the HistoryWorker.
struct HistoryWorker::Thread {
  using Work = HistoryStore::Work;
  Thread(std::string p, std::chrono::milliseconds busy) : path(std::move(p)), patience(busy) {}

  // Only the history's thread uses these; any thread may read `path`.
  const std::string path;
  const std::chrono::milliseconds patience;
  std::unique_ptr<HistoryStore> store;
  bool warned = false;
  bool said_busy = false;
  Result<HistoryStore*> opened() {
    if (!store) {
      auto made = HistoryStore::open(path, patience);
      if (!made) return std::unexpected(made.error());
      store = std::move(*made);
    }
    return store.get();
  }
  void warn(const Error& error) {
    if (!std::exchange(warned, true)) log(LogLevel::warning, error.message + ". Runs go on without a history");
  }

  // Writes everything that waits, in one transaction. In a burst of runs, a transaction for each run would take a core
  // from the runs that wait.
  void write_waiting() {
    std::vector<Work> batch;
    std::optional<PruneRequest> due;
    {
      const std::lock_guard lock(mutex);
      batch.swap(queue);
      due = std::exchange(prune, std::nullopt);
    }
    if (batch.empty()) return;
    try {
      const auto file = opened();
      if (!file)
        warn(file.error());
      else if (!write(**file, batch)) {
        const std::lock_guard lock(mutex);
        queue.insert(queue.begin(), std::make_move_iterator(batch.begin()), std::make_move_iterator(batch.end()));
        if (!prune) prune = due;
        return;
      } else if (due) {
        if (const auto pruned = (*file)->prune(*due); !pruned) warn(pruned.error());
      }
    } catch (const std::exception& e) {
      warn({ErrorCode::internal, "The history " + path + " can't be used (" + e.what() + ")"});
    }
    pending -= batch.size();
    done += batch.size();
  }

  // False: try again later. A lost end would leave a run that seems to be running.
  bool write(HistoryStore& file, const std::vector<Work>& batch) {
    const auto all = file.together(batch);
    if (all.busy) {
      if (!std::exchange(said_busy, true))
        log(LogLevel::warning,
            "The history " + path + " is held by another process; it is written when that process releases it");
      return false;
    }
    said_busy = false;
    if (all.error) warn(*all.error);
    if (!all.written)
      for (const auto& each : batch) (void)each(file);  // the parts for which there is space
    return true;
  }

  static void drain(const std::shared_ptr<Thread>& self) {
    self->write_waiting();
    const std::lock_guard lock(self->mutex);
    self->draining = !self->queue.empty();
    if (self->draining && self->pool) asio::post(*self->pool, [self] { drain(self); });
  }

  std::mutex mutex;
  // Protects the four members below: what is to be written, whether a drain is scheduled, and the pool.
  std::vector<Work> queue;
  std::optional<PruneRequest> prune;
  bool draining = false;
  std::unique_ptr<asio::thread_pool> pool = std::make_unique<asio::thread_pool>(1);

  std::atomic<std::size_t> pending = 0;
  std::atomic<std::uint64_t> done = 0;  // number of works that were written or given up
};

HistoryWorker::HistoryWorker(asio::any_io_executor executor, HistoryPolicy policy)
    : executor_(std::move(executor)),
      policy_(std::move(policy)),
      thread_(std::make_shared<Thread>(history_path(policy_), policy_.patience)) {}

HistoryWorker::~HistoryWorker() {
  std::unique_ptr<asio::thread_pool> pool;
  {
    const std::lock_guard lock(thread_->mutex);
    pool = std::move(thread_->pool);
  }
  pool->stop();
  // A thread that waits for a disk is not joined. It owns everything that it uses.
  if (thread_->pending != 0) (void)pool.release();
}

void HistoryWorker::write(Work work, std::optional<PruneRequest> then_prune) {
  ++handed_over_;
  ++thread_->pending;
  const std::lock_guard lock(thread_->mutex);
  thread_->queue.push_back(std::move(work));
  if (then_prune) thread_->prune = std::move(then_prune);
  if (!std::exchange(thread_->draining, true))
    asio::post(*thread_->pool, [thread = thread_] { Thread::drain(thread); });
}

void HistoryWorker::write_of(const std::string& id, Work work, bool ended) {
  write(work);
  const auto run = std::ranges::find(unwritten_, id, &Unwritten::id);
  if (run == unwritten_.end()) return;
  run->works.push_back(std::move(work));
  run->last = handed_over_;
  run->ended = ended;
}

void HistoryWorker::forget_written() {
  const auto done = thread_->done.load();
  std::erase_if(unwritten_, [&](const Unwritten& run) { return run.ended && run.last <= done; });
}

void HistoryWorker::began(HistoryRecord record) {
  forget_written();
  const bool too_many = thread_->pending >= kMaxPending;
  if (too_many && !std::exchange(dropping_, true))
    log(LogLevel::warning, "The history " + thread_->path + " takes too long; some runs will be missing in it");
  if (too_many || !policy_.enabled || thread_->path.empty()) {
    left_out_.insert(std::move(record.id));  // the whole run: without its end it would seem to be running
    return;
  }
  const auto kept = std::make_shared<const HistoryRecord>(std::move(record));
  Work work = [kept](HistoryStore& store) { return store.insert(*kept); };
  write(work, prune_request(policy_));
  unwritten_.push_back({.id = kept->id, .works = {std::move(work)}, .last = handed_over_, .ended = false});
}

void HistoryWorker::started(std::string id, HistoryStarted started) {
  if (left_out_.contains(id)) return;
  const auto kept = std::make_shared<const HistoryStarted>(std::move(started));
  write_of(id, [id, kept](HistoryStore& store) { return store.start(id, *kept); }, false);
}

void HistoryWorker::ended(std::string id, HistoryEnd end) {
  if (left_out_.erase(id) != 0) return;
  const auto kept = std::make_shared<const HistoryEnd>(std::move(end));
  write_of(id, [id, kept](HistoryStore& store) { return store.end(id, *kept); }, true);
}

Task<bool> HistoryWorker::written(Deadline deadline) {
  while (thread_->pending != 0) {
    if (Clock::now() >= deadline) {
      co_await put_aside();
      co_return false;
    }
    co_await sleep_until(std::min(deadline, in(2ms)));
  }
  co_return true;
}

// Writes the runs that have ended into a separate file, because the process that waits for them ends now.
Task<void> HistoryWorker::put_aside() {
  forget_written();
  struct Attempt {
    std::string path;
    std::vector<Work> works;
    std::string file;
    std::atomic<bool> over = false;
  };
  const auto attempt = std::make_shared<Attempt>();
  attempt->path = thread_->path;
  std::set<std::string> put;
  for (const auto& run : unwritten_) {
    if (!run.ended) continue;
    attempt->works.insert(attempt->works.end(), run.works.begin(), run.works.end());
    put.insert(run.id);
  }
  if (!attempt->works.empty()) {
    // Use a detached thread, because the disk may be what does not answer.
    try {
      std::thread([attempt] {
        try {
          if (auto file = HistoryStore::write_aside(attempt->path, attempt->works)) attempt->file = std::move(*file);
        } catch (...) {  // no memory: there is no file, and the message below says so
        }
        attempt->over = true;
      }).detach();
    } catch (const std::system_error&) {
      attempt->over = true;  // no thread, so no file
    }
    for (const auto until = in(kAsideTime); !attempt->over && Clock::now() < until;) co_await sleep_until(in(2ms));
  }
  const std::string file = attempt->over ? attempt->file : std::string();
  // Forget only the runs that were put into the file: other runs may have ended meanwhile.
  if (!file.empty()) std::erase_if(unwritten_, [&](const Unwritten& run) { return put.contains(run.id); });
  if (std::exchange(told_late_, true)) co_return;
  log(LogLevel::warning,
      "The history " + thread_->path +
          " can't be written now: another process holds it, or its disk does not answer. The last run" +
          (file.empty() ? ", or its end, is not in it" : " is in " + file + ", which the next command adds"));
}

template <typename T>
Task<Result<T>> HistoryWorker::ask(T where_none_is, std::function<Result<T>(HistoryStore&)> work) {
  return ask(std::optional<T>(std::in_place, std::move(where_none_is)), std::move(work), in(kAnswerTime));
}

// Runs `work` on the history's thread. `where_none_is`: the answer if there is no history; nullopt: create one.
template <typename T>
Task<Result<T>> HistoryWorker::ask(std::optional<T> where_none_is, std::function<Result<T>(HistoryStore&)> work,
                                   Deadline deadline) {
  if (thread_->path.empty())
    co_return fail(ErrorCode::invalid_request,
                   "No file is known for the history: set HOME, or \"history.path\" in the configuration");
  struct Answer {
    explicit Answer(const asio::any_io_executor& executor) : there(executor) {}
    std::optional<Result<T>> value;
    Signal there;
  };
  auto answer = std::make_shared<Answer>(executor_);
  ++thread_->pending;
  asio::post(*thread_->pool, [thread = thread_, answer, executor = executor_, none = std::move(where_none_is),
                              work = std::move(work)]() mutable {
    thread->write_waiting();  // the caller sees what was handed over before
    // A query does not create the file.
    Result<T> value = T{};
    if (!none || thread->store || ::access(thread->path.c_str(), F_OK) == 0 || errno != ENOENT) {
      const auto store = thread->opened();
      value = store ? work(**store) : Result<T>(std::unexpected(store.error()));
    } else {
      value = std::move(*none);
    }
    --thread->pending;
    asio::post(executor, [answer, value = std::move(value)]() mutable {
      answer->value = std::move(value);
      answer->there.notify();
    });
  });
  if (!co_await until(answer->there, [&] { return answer->value.has_value(); }, deadline))
    co_return fail(ErrorCode::internal,
                   "The history " + thread_->path + " didn't answer in time; is its disk mounted?");
  co_return std::move(*answer->value);
}

Task<Result<std::vector<HistoryRecord>>> HistoryWorker::list(std::size_t limit, std::optional<std::string> client) {
  return ask<std::vector<HistoryRecord>>(
      {}, [limit, client = std::move(client)](HistoryStore& store) { return store.list(limit, client); });
}

Task<Result<HistoryRecord>> HistoryWorker::find(std::string id, std::optional<std::string> client) {
  auto found = co_await ask<std::optional<HistoryRecord>>(
      std::nullopt, [id, client](HistoryStore& store) -> Result<std::optional<HistoryRecord>> {
        auto record = store.find(id, client);
        if (!record) return std::unexpected(record.error());
        return std::optional(std::move(*record));
      });
  if (!found) co_return std::unexpected(found.error());
  if (!*found) co_return fail(ErrorCode::not_found, "The history has no run \"" + id + "\": it is empty");
  co_return std::move(**found);
}

Task<Result<PruneReport>> HistoryWorker::prune(PruneRequest request) {
  request.for_good = true;  // a person asked for it
  return ask<PruneReport>({.dry_run = request.dry_run},
                          [request](HistoryStore& store) { return store.prune(request); });
}

Task<Result<HistoryCopy>> HistoryWorker::export_to(std::string file) {
  // If there is no history here, fail. The real history may be elsewhere, and an empty copy would look like a good one.
  using Found = std::optional<HistoryCopy>;
  const auto copied = co_await ask<Found>(
      std::optional<Found>(std::in_place, std::nullopt),
      [file = std::move(file)](HistoryStore& store) -> Result<Found> {
        const auto made = store.export_to(file);
        if (!made) return std::unexpected(made.error());
        return Found(*made);
      },
      in(kCopyTime));
  if (!copied) co_return std::unexpected(copied.error());
  if (!*copied)
    co_return fail(ErrorCode::not_found, "There is no history at " + thread_->path +
                                             ": is this the user and the machine whose runs you mean?");
  co_return **copied;
}

Task<Result<HistoryCopy>> HistoryWorker::import_from(std::string file, std::string shown) {
  return ask<HistoryCopy>(
      std::nullopt,
      [file = std::move(file), shown = std::move(shown)](HistoryStore& store) {
        return store.import_from(file, shown);
      },
      in(kCopyTime));
}

Task<void> HistoryWorker::settle(Deadline deadline) {
  if (!policy_.enabled || thread_->path.empty()) co_return;
  const auto settled = co_await ask<bool>(
      true,
      [](HistoryStore& store) -> Result<bool> {
        if (auto done = store.checkpoint(); !done) return std::unexpected(done.error());
        return true;
      },
      deadline);
  if (!settled) log(LogLevel::debug, settled.error().message);
}

}  // namespace dind
