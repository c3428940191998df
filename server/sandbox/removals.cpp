#include "sandbox/removals.hpp"

#include <algorithm>
#include <mutex>
#include <set>

#include "support/async/until.hpp"
#include "support/log/log.hpp"
#include "support/units.hpp"

namespace dind::sandbox {

using namespace std::chrono_literals;

namespace {

constexpr auto kEngineRemoves = 2s;  // for the engine's own removals; afterwards this process removes the container

// The objects that removals of this process are for. All cores of the process share one list, because their containers
// have the same owner label. Each core has a thread of its own, so the list has a mutex.
struct Known {
  std::mutex turn;
  std::multiset<std::string> names;
  void add(const std::string& name) {
    const std::lock_guard lock(turn);
    names.insert(name);
  }
  void drop(const std::string& name) {
    const std::lock_guard lock(turn);
    if (const auto found = names.find(name); found != names.end()) names.erase(found);
  }
  bool has(const std::string& name) {
    const std::lock_guard lock(turn);
    return names.contains(name);
  }
};
Known& known() {
  static Known instance;
  return instance;
}

// The run ID of a container. The container's name begins with it (Sandboxes::container_prefix), and a run ID has no
// dot.
std::string_view run_of(std::string_view container) {
  constexpr std::string_view kPrefix = "dind-";
  const auto end = container.find('.');
  if (!container.starts_with(kPrefix) || end == std::string_view::npos) return {};
  return container.substr(kPrefix.size(), end - kPrefix.size());
}

}  // namespace

struct Removals::PendingRemoval::Account {
  Account(asio::any_io_executor e, engine::Client& c, std::chrono::milliseconds p)
      : executor(std::move(e)), client(c), patience(p), changed(executor) {}
  asio::any_io_executor executor;
  engine::Client& client;
  const std::chrono::milliseconds patience;
  Signal changed;
  std::multiset<std::string> pending;
  std::set<std::string> left_to_engine;  // subset of `pending`
  std::set<std::string> out_of_reach;    // those in `pending` whose last try did not reach the engine
  std::set<std::string> failures;

  // True: the engine says that no volume has that name.
  Task<bool> try_volume(const std::string& name, Deadline deadline) {
    const auto removed = co_await client.remove_volume(name, deadline);
    co_return removed.has_value();
  }
  Task<bool> is_gone(const std::string& name, const std::string& pending_as, Deadline deadline) {
    const auto seen = co_await client.inspect_container(name, deadline);
    reached(pending_as, seen || seen.error().code != ErrorCode::engine_unavailable);
    co_return !seen && seen.error().engine_status == 404;
  }
  // The container's process is already ending. A removal would make the engine start a `runc kill` for nothing, which
  // costs a tenth of a whole run.
  Task<bool> engine_removes(const std::string& name, const std::string& pending_as) {
    (void)co_await client.wait_container(name, "removed", in(kEngineRemoves));
    co_return co_await is_gone(name, pending_as, in(kEngineRemoves));
  }
  Task<bool> try_container(const std::string& name, const std::string& pending_as, Deadline deadline) {
    const auto removed = co_await client.remove_container(name, deadline);
    reached(pending_as, removed || removed.error().code != ErrorCode::engine_unavailable);
    // 409: the engine is already removing it (AutoRemove). Then it exists a moment longer.
    if (!removed && removed.error().engine_status != 409) co_return false;
    co_return co_await is_gone(name, pending_as, deadline);
  }

  void reached(const std::string& name, bool yes) {
    if (yes)
      out_of_reach.erase(name);
    else if (out_of_reach.insert(name).second)
      changed.notify();
  }

  static Task<bool> none_owed(std::shared_ptr<Account> self, std::string prefix, bool out_of_reach_too,
                              Deadline deadline) {
    const auto any_pending = [&] {
      for (auto each = self->pending.lower_bound(prefix); each != self->pending.end() && each->starts_with(prefix);
           ++each)
        if (!out_of_reach_too || !self->out_of_reach.contains(*each)) return true;
      return false;
    };
    co_return co_await until(self->changed, [&] { return !any_pending(); }, deadline);
  }

  static Task<void> remove(std::shared_ptr<Account> self, Kind kind, std::string name, std::string pending_as,
                           bool create_pending) {
    const Deadline give_up = in(self->patience);
    // "No such container" is final only if the create request was answered, or kLateCreate has passed.
    const Deadline may_come =
        !create_pending ? Clock::now() : in(std::min<Clock::duration>(kLateCreate, self->patience));
    Clock::duration pause = 20ms;
    bool gone = false;
    if (self->left_to_engine.contains(pending_as)) gone = co_await self->engine_removes(name, pending_as);
    while (!gone) {
      // Do not combine the choice and the `co_await` in one expression: compilers have miscompiled such coroutines.
      if (kind == Kind::volume)
        gone = co_await self->try_volume(name, in(10s));
      else
        gone = co_await self->try_container(name, pending_as, in(10s));
      if (gone && Clock::now() < may_come) gone = false;
      if (gone || Clock::now() >= give_up) break;
      co_await sleep_until(in(pause));
      pause = std::min<Clock::duration>(pause * 2, 2s);
    }
    const std::string what = (kind == Kind::volume ? "volume " : "container ") + name;
    if (gone)
      log(LogLevel::info, "Removed the " + what, run_of(pending_as));
    else
      log(LogLevel::warning,
          "The " + what + " could not be removed for " + format_duration(self->patience) +
              "; the reaper will try again",
          run_of(pending_as));
    if (!gone) self->failures.insert(name);
    self->out_of_reach.erase(pending_as);
    self->left_to_engine.erase(pending_as);
    self->pending.erase(self->pending.find(pending_as));
    known().drop(name);
    known().drop(pending_as);
    self->changed.notify();
  }
};

Removals::Removals(asio::any_io_executor executor, engine::Client& client, std::chrono::milliseconds patience)
    : account_(std::make_shared<PendingRemoval::Account>(std::move(executor), client, patience)) {}

Removals::PendingRemoval& Removals::PendingRemoval::operator=(PendingRemoval&& other) noexcept {
  if (this != &other) {
    remove();
    account_ = std::move(other.account_);
    kind_ = other.kind_;
    name_ = std::move(other.name_);
    pending_as_ = std::move(other.pending_as_);
    create_pending_ = other.create_pending_;
  }
  return *this;
}

void Removals::PendingRemoval::remove() {
  if (const auto account = std::exchange(account_, nullptr)) {
    std::string what = "removal of " + name_;
    spawn(account->executor, std::move(what), Account::remove(account, kind_, name_, pending_as_, create_pending_));
  }
}

void Removals::PendingRemoval::rename(std::string name, std::string id) {
  if (!account_) return;
  known().drop(name_);
  known().drop(pending_as_);
  name_ = std::move(id);
  account_->pending.erase(account_->pending.find(pending_as_));
  pending_as_ = std::move(name);
  account_->pending.insert(pending_as_);
  known().add(name_);
  known().add(pending_as_);
}

void Removals::PendingRemoval::expect_auto_remove() {
  if (account_ && account_->left_to_engine.insert(pending_as_).second) account_->changed.notify();
}

bool Removals::is_known(const std::string& name_or_id) { return known().has(name_or_id); }

Removals::PendingRemoval Removals::expect_container(std::string container_name) {
  account_->pending.insert(container_name);
  known().add(container_name);
  known().add(container_name);
  return {account_, PendingRemoval::Kind::container, std::move(container_name)};
}

Removals::PendingRemoval Removals::expect_volume(std::string volume_name) {
  account_->pending.insert(volume_name);
  known().add(volume_name);
  known().add(volume_name);
  return {account_, PendingRemoval::Kind::volume, std::move(volume_name)};
}

std::size_t Removals::pending() const { return account_->pending.size(); }

bool Removals::failed(const std::string& name) const { return account_->failures.contains(name); }

std::vector<std::string> Removals::failures() const { return {account_->failures.begin(), account_->failures.end()}; }

void Removals::forget(const std::string& name) { account_->failures.erase(name); }

Task<bool> Removals::wait_all_removed(Deadline deadline) { co_return co_await wait_removed({}, deadline); }

Task<bool> Removals::wait_all_removed_but_auto(Deadline deadline) {
  const auto account = account_;
  co_return co_await until(
      account->changed, [&] { return account->pending.size() <= account->left_to_engine.size(); }, deadline);
}

Task<bool> Removals::wait_removed(std::string prefix, Deadline deadline) {
  co_return co_await PendingRemoval::Account::none_owed(account_, std::move(prefix), false, deadline);
}

Task<bool> Removals::wait_removed_or_unreachable(std::string prefix, Deadline deadline) {
  co_return co_await PendingRemoval::Account::none_owed(account_, std::move(prefix), true, deadline);
}

}  // namespace dind::sandbox
