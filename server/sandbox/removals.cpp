#include "sandbox/removals.hpp"

#include <algorithm>
#include <mutex>
#include <set>

#include "support/log.hpp"
#include "support/units.hpp"

namespace dind::sandbox {

using namespace std::chrono_literals;

namespace {

constexpr auto kEngineRemoves = 2s;  // what is left to it; then we do it

// The objects that removals of this process are about. One list for all cores of the process, since their containers
// have the same owner label; each core has a thread of its own.
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

// The run of a container: its name begins with it (Sandboxes::container_prefix), and an id has no dot.
std::string_view run_of(std::string_view container) {
  constexpr std::string_view kPrefix = "dind-";
  const auto end = container.find('.');
  if (!container.starts_with(kPrefix) || end == std::string_view::npos) return {};
  return container.substr(kPrefix.size(), end - kPrefix.size());
}

}  // namespace

struct Removals::Debt::Account {
  Account(asio::any_io_executor e, engine::Client& c, std::chrono::milliseconds p)
      : executor(std::move(e)), client(c), patience(p), changed(executor) {}
  asio::any_io_executor executor;
  engine::Client& client;
  const std::chrono::milliseconds patience;
  Signal changed;
  std::multiset<std::string> owed;
  std::set<std::string> left_to_engine;  // of them
  std::set<std::string> out_of_reach;    // of them, those whose last try found no engine
  std::set<std::string> given_up;

  // True: the engine says that there is none of that name.
  Task<bool> try_volume(const std::string& name, Deadline deadline) {
    const auto removed = co_await client.remove_volume(name, deadline);
    co_return removed.has_value();
  }
  Task<bool> is_gone(const std::string& name, const std::string& owed_as, Deadline deadline) {
    const auto seen = co_await client.inspect_container(name, deadline);
    reached(owed_as, seen || seen.error().code != ErrorCode::engine_unavailable);
    co_return !seen && seen.error().engine_status == 404;
  }
  // Its process is ending: to remove it meanwhile would have the engine start a `runc kill`, for nothing, and that is a
  // tenth of what a whole run costs.
  Task<bool> engine_removes(const std::string& name, const std::string& owed_as) {
    (void)co_await client.wait_container(name, "removed", in(kEngineRemoves));
    co_return co_await is_gone(name, owed_as, in(kEngineRemoves));
  }
  Task<bool> try_container(const std::string& name, const std::string& owed_as, Deadline deadline) {
    const auto removed = co_await client.remove_container(name, deadline);
    reached(owed_as, removed || removed.error().code != ErrorCode::engine_unavailable);
    // 409: the engine removes it already (AutoRemove); then it is there a moment longer.
    if (!removed && removed.error().engine_status != 409) co_return false;
    co_return co_await is_gone(name, owed_as, deadline);
  }

  void reached(const std::string& name, bool yes) {
    if (yes)
      out_of_reach.erase(name);
    else if (out_of_reach.insert(name).second)
      changed.notify();
  }

  static Task<bool> none_owed(std::shared_ptr<Account> self, std::string prefix, bool out_of_reach_too,
                              Deadline deadline) {
    const auto owed = [&] {
      for (auto each = self->owed.lower_bound(prefix); each != self->owed.end() && each->starts_with(prefix); ++each)
        if (!out_of_reach_too || !self->out_of_reach.contains(*each)) return true;
      return false;
    };
    while (owed()) {
      if (!co_await self->changed.wait(deadline)) co_return !owed();
    }
    co_return true;
  }

  static Task<void> remove(std::shared_ptr<Account> self, Kind kind, std::string name, std::string owed_as,
                           bool create_pending) {
    const Deadline give_up = in(self->patience);
    // "There is none" is final only when its creation has been answered, or is long over.
    const Deadline may_come =
        !create_pending ? Clock::now() : in(std::min<Clock::duration>(kLateCreate, self->patience));
    Clock::duration pause = 20ms;
    bool gone = false;
    if (self->left_to_engine.contains(owed_as)) gone = co_await self->engine_removes(name, owed_as);
    while (!gone) {
      // Not in one expression with the choice: that is where compilers have got coroutines wrong.
      if (kind == Kind::volume)
        gone = co_await self->try_volume(name, in(10s));
      else
        gone = co_await self->try_container(name, owed_as, in(10s));
      if (gone && Clock::now() < may_come) gone = false;
      if (gone || Clock::now() >= give_up) break;
      co_await sleep_until(in(pause));
      pause = std::min<Clock::duration>(pause * 2, 2s);
    }
    const std::string what = (kind == Kind::volume ? "volume " : "container ") + name;
    if (gone)
      log(LogLevel::info, "Removed the " + what, run_of(owed_as));
    else
      log(LogLevel::warning,
          "The " + what + " could not be removed for " + format_duration(self->patience) +
              "; the reaper will try again",
          run_of(owed_as));
    if (!gone) self->given_up.insert(name);
    self->out_of_reach.erase(owed_as);
    self->left_to_engine.erase(owed_as);
    self->owed.erase(self->owed.find(owed_as));
    known().drop(name);
    known().drop(owed_as);
    self->changed.notify();
  }
};

Removals::Removals(asio::any_io_executor executor, engine::Client& client, std::chrono::milliseconds patience)
    : account_(std::make_shared<Debt::Account>(std::move(executor), client, patience)) {}

Removals::Debt& Removals::Debt::operator=(Debt&& other) noexcept {
  if (this != &other) {
    pay();
    account_ = std::move(other.account_);
    kind_ = other.kind_;
    name_ = std::move(other.name_);
    owed_as_ = std::move(other.owed_as_);
    create_pending_ = other.create_pending_;
  }
  return *this;
}

void Removals::Debt::pay() {
  if (const auto account = std::exchange(account_, nullptr)) {
    std::string what = "removal of " + name_;
    spawn(account->executor, std::move(what), Account::remove(account, kind_, name_, owed_as_, create_pending_));
  }
}

void Removals::Debt::count_as(std::string name, std::string id) {
  if (!account_) return;
  known().drop(name_);
  known().drop(owed_as_);
  name_ = std::move(id);
  account_->owed.erase(account_->owed.find(owed_as_));
  owed_as_ = std::move(name);
  account_->owed.insert(owed_as_);
  known().add(name_);
  known().add(owed_as_);
}

void Removals::Debt::leave_to_engine() {
  if (account_ && account_->left_to_engine.insert(owed_as_).second) account_->changed.notify();
}

bool Removals::is_known(const std::string& name_or_id) { return known().has(name_or_id); }

Removals::Debt Removals::owe(std::string container_name) {
  account_->owed.insert(container_name);
  known().add(container_name);
  known().add(container_name);
  return {account_, Debt::Kind::container, std::move(container_name)};
}

Removals::Debt Removals::owe_volume(std::string volume_name) {
  account_->owed.insert(volume_name);
  known().add(volume_name);
  known().add(volume_name);
  return {account_, Debt::Kind::volume, std::move(volume_name)};
}

std::size_t Removals::unpaid() const { return account_->owed.size(); }

bool Removals::gave_up(const std::string& name) const { return account_->given_up.contains(name); }

std::vector<std::string> Removals::given_up() const { return {account_->given_up.begin(), account_->given_up.end()}; }

void Removals::settle(const std::string& name) { account_->given_up.erase(name); }

Task<bool> Removals::idle(Deadline deadline) { co_return co_await gone({}, deadline); }

Task<bool> Removals::settled(Deadline deadline) {
  const auto account = account_;
  const auto done = [&] { return account->owed.size() <= account->left_to_engine.size(); };
  while (!done()) {
    if (!co_await account->changed.wait(deadline)) co_return done();
  }
  co_return true;
}

Task<bool> Removals::gone(std::string prefix, Deadline deadline) {
  co_return co_await Debt::Account::none_owed(account_, std::move(prefix), false, deadline);
}

Task<bool> Removals::gone_or_out_of_reach(std::string prefix, Deadline deadline) {
  co_return co_await Debt::Account::none_owed(account_, std::move(prefix), true, deadline);
}

}  // namespace dind::sandbox
