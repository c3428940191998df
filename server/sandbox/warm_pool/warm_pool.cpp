#include "sandbox/warm_pool/warm_pool.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <vector>

#include "support/async/until.hpp"
#include "support/ids.hpp"
#include "support/log/log.hpp"

namespace dind::sandbox {

using namespace std::chrono_literals;

namespace {

constexpr auto kReadyTime = 30s;
constexpr auto kPoolCheckInterval = 5s;  // between two checks of age and memory
constexpr auto kMaxAge = 30min;          // then another replaces it: its deadline label is set at its create
// The egress filter knows the machine's addresses of the moment when it was installed.
constexpr auto kMaxNetworkAge = 60s;
constexpr auto kMaxRunTimeout = 10min;      // every warm sandbox has time for such a run
constexpr auto kSecondSandboxFor = 60s;     // a second one is warm for this long after a run that found none
constexpr const char* kWarmRunId = "warm";  // used instead of a run ID

// If less than this share of the machine's memory is available, no sandbox stays warm and none is added.
constexpr std::int64_t kMinFreeMemoryPercent = 10;

bool is_memory_low() {
  std::FILE* file = std::fopen("/proc/meminfo", "re");
  if (file == nullptr) return false;
  std::int64_t total = 0;
  std::int64_t available = 0;
  char line[128];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (total == 0) std::sscanf(line, "MemTotal: %" SCNd64, &total);
    if (std::sscanf(line, "MemAvailable: %" SCNd64, &available) == 1) break;
  }
  std::fclose(file);
  return total > 0 && available < total / 100 * kMinFreeMemoryPercent;
}

// The part of a plan that is the same in every run that one sandbox may serve: all but what the supervisor is told.
RunPlan pool_key(RunPlan plan) {
  plan.run_id = kWarmRunId;
  plan.name.clear();
  plan.language.clear();
  plan.images.clear();
  plan.argv.clear();
  plan.env.clear();
  plan.files.clear();
  plan.notes.clear();
  plan.terms = {};
  plan.workspace_seen.clear();
  plan.workspace_max_depth = SIZE_MAX;
  return plan;
}

// Not if this process can't see the workspace: another folder may be at its path when the run comes.
bool can_be_warm(const RunPlan& plan, const SandboxContext& context) {
  return plan.volumes.empty() && plan.keep_warm && (!plan.workspace || context.workspace_inode != 0);
}

std::chrono::seconds max_age(const RunPlan& plan) { return plan.network == Network::none ? kMaxAge : kMaxNetworkAge; }

// Runs with equal keys can use the same warm sandbox, but only one of them gets it. `spec` is all that the engine is
// told. `inodes` tell which folders and files its paths stood for.
struct Key {
  engine::ContainerSpec spec;
  std::vector<std::uint64_t> inodes;
  bool operator==(const Key&) const = default;
};

Key full_key(const RunPlan& kind, SandboxContext context) {
  context.remove_after = 0;
  Key key{.spec = harden(kind, context), .inodes = {}};
  if (!kind.workspace) return key;
  key.inodes.push_back(context.workspace_inode);
  for (const auto& mount : kind.workspace_mounts) key.inodes.push_back(mount.inode);
  return key;
}

}  // namespace

// One kind of warm sandbox: what its sandboxes are made of.
struct WarmPool::PoolKey {
  RunPlan plan;
  SandboxContext context;
  Key key;
  Clock::time_point used;
  Clock::time_point missed;  // when a run last found none
  std::chrono::seconds max_timeout = kMaxRunTimeout;
};

struct WarmPool::Claim::Entry {
  explicit Entry(const asio::any_io_executor& executor) : changed(executor) {}
  RunPlan plan;
  SandboxContext context;
  Key key;
  Signal changed;
  Cancel cancel;
  Clock::time_point since = Clock::now();
  bool claimed = false;
  bool over = false;  // it could not be started, or is being removed
  std::unique_ptr<AttachedSandbox> sandbox;

  bool waits() const {
    if (over || !sandbox) return false;
    const auto& state = sandbox->connection->state();
    return state.ready && !state.ended && !state.error;
  }
  bool has_time_for(std::chrono::seconds timeout, std::int64_t now) const {
    return now + timeout.count() + kRemovalGrace.count() <= context.remove_after;
  }
};

struct WarmPool::State : std::enable_shared_from_this<State> {
  using Entry = Claim::Entry;

  State(asio::any_io_executor e, SandboxStarter& p, Removals& r)
      : executor(std::move(e)), starter(p), removals(r), wake(executor) {}

  asio::any_io_executor executor;
  SandboxStarter& starter;
  Removals& removals;
  Signal wake;
  WarmPoolPolicy policy;
  std::vector<PoolKey> kinds;  // the most recently used first
  std::vector<std::shared_ptr<Entry>> entries;
  std::size_t pauses = 0;
  bool closed = false;
  bool maintained = false;

  PoolKey* find(const Key& key) {
    const auto found = std::ranges::find(kinds, key, &PoolKey::key);
    return found == kinds.end() ? nullptr : &*found;
  }

  void drop(const std::shared_ptr<Entry>& entry) {
    if (entry->claimed) return;  // a run has claimed it
    entry->over = true;
    entry->cancel.cancel(CancelReason::shutdown);
    entry->changed.notify();
    if (entry->sandbox) entry->sandbox->connection->changed().notify();
    std::erase(entries, entry);
  }

  void drop_all_but(auto keep) {
    for (const auto& each : std::vector(entries))
      if (!keep(*each)) drop(each);
  }

  // Adjusts the pool to what is requested. It starts one sandbox at a time.
  void adjust() {
    const auto now = Clock::now();
    if (closed || policy.max == 0) return;
    std::erase_if(kinds, [&](const PoolKey& each) { return now - each.used > policy.max_idle; });
    drop_all_but([&](const Entry& each) { return find(each.key) != nullptr && now - each.since < max_age(each.plan); });
    if (kinds.empty() || pauses > 0) return;
    if (std::ranges::any_of(entries, [](const auto& each) { return !each->sandbox; })) return;
    std::size_t room = policy.max;
    for (const auto& kind : kinds) {
      const std::size_t wanted = std::min<std::size_t>(room, now - kind.missed < kSecondSandboxFor ? 2 : 1);
      const auto there = std::ranges::count(entries, kind.key, [](const auto& each) { return each->key; });
      room -= wanted;
      if (static_cast<std::size_t>(there) < wanted) {
        make_room(kinds, policy.max);
        if (!is_memory_low()) make(kind);
        return;
      }
    }
  }

  // Makes room for a new sandbox by removing sandboxes of the least recently used kind.
  void make_room(const std::vector<PoolKey>& by_use, std::size_t most) {
    for (auto kind = by_use.rbegin(); kind != by_use.rend() && entries.size() >= most; ++kind)
      for (const auto& each : std::vector(entries))
        if (each->key == kind->key && entries.size() >= most) drop(each);
  }

  void make(const PoolKey& kind) {
    const auto entry = std::make_shared<Entry>(executor);
    entry->plan = kind.plan;
    entry->context = kind.context;
    entry->context.remove_after =
        starter.unix_now() +
        std::chrono::duration_cast<std::chrono::seconds>(kMaxAge + kRemovalGrace + kind.max_timeout).count();
    entry->key = kind.key;
    entries.push_back(entry);
    spawn(executor, "a warm sandbox", keep(shared_from_this(), entry));
  }

  // Starts a warm sandbox and watches it until a run takes it or it is removed.
  static Task<void> keep(std::shared_ptr<State> self, std::shared_ptr<Entry> entry) {
    const std::string name = std::string("dind-") + kWarmRunId + "-" + random_id(4);
    Result<AttachedSandbox> made = fail(ErrorCode::internal, "a bug in dind-executor");
    try {
      made = co_await self->prepare(*entry, name);
    } catch (const std::exception& e) {
      made = fail(ErrorCode::internal, e.what());
    }
    if (!made) {
      if (!entry->over) log(LogLevel::info, "No warm sandbox was started: " + made.error().message);
      self->give_up(entry);
      co_return;
    }
    entry->sandbox = std::make_unique<AttachedSandbox>(std::move(*made));
    entry->changed.notify();
    log(LogLevel::debug, "The sandbox " + name + " is warm");
    self->adjust();
    const auto connection = entry->sandbox->connection;
    co_await until(connection->changed(), [&] { return !entry->sandbox || !entry->waits(); });
    if (!entry->sandbox) co_return;  // a run took it
    if (!entry->over) {
      log(LogLevel::info, "The sandbox " + name + " ended while it was warm");
      self->give_up(entry);
    }
    entry->sandbox.reset();
    co_await self->removals.wait_removed(name, in(60s));
    connection->close();
  }

  Task<Result<AttachedSandbox>> prepare(const Entry& entry, std::string name) {
    auto made = co_await starter.attach(entry.plan, entry.context, removals.expect_container(name), name, entry.cancel);
    if (!made) co_return made;
    if (const auto started = co_await starter.start(*made, entry.plan, entry.context); !started)
      co_return std::unexpected(started.error());
    const auto& state = made->connection->state();
    const Deadline ready_by = in(kReadyTime);
    while (!state.ready && !state.ended && !state.error && !entry.over && Clock::now() < ready_by)
      co_await made->connection->changed().wait(std::min(ready_by, in(1s)));
    if (!state.ready || state.ended || state.error || entry.over)
      co_return fail(ErrorCode::engine_error, state.error ? state.error->message : "it did not become ready");
    co_return made;
  }

  // A kind that failed is not tried again until it is requested again.
  void give_up(const std::shared_ptr<Entry>& entry) {
    const bool dropped = std::exchange(entry->over, true);  // its kind may be requested again already
    std::erase(entries, entry);
    if (!dropped) std::erase_if(kinds, [&](const PoolKey& each) { return each.key == entry->key; });
    entry->changed.notify();
    adjust();
  }

  static Task<void> maintain(std::shared_ptr<State> self) {
    while (!self->closed && !self->kinds.empty()) {
      co_await self->wake.wait(in(std::min<Clock::duration>(kPoolCheckInterval, self->policy.max_idle)));
      if (self->closed) break;
      if (!self->entries.empty() && is_memory_low()) {
        log(LogLevel::info, "Memory is low: no sandbox is kept warm until more is free");
        self->drop_all_but([](const Entry&) { return false; });
        self->kinds.clear();
      }
      self->adjust();
    }
    self->maintained = false;
  }
};

WarmPool::WarmPool(asio::any_io_executor executor, SandboxStarter& starter, Removals& removals)
    : state_(std::make_shared<State>(std::move(executor), starter, removals)) {}

WarmPool::~WarmPool() { close(); }

void WarmPool::configure(WarmPoolPolicy policy) { state_->policy = policy; }

WarmPool::Claim WarmPool::claim(const RunPlan& plan, const SandboxContext& context) {
  Claim claim;
  if (state_->policy.max == 0 || !can_be_warm(plan, context)) return claim;
  const auto key = full_key(pool_key(plan), context);
  const auto timeout = std::chrono::duration_cast<std::chrono::seconds>(plan.limits.timeout) + 1s;
  for (const auto& each : state_->entries) {
    if (each->claimed || each->over || each->key != key) continue;
    const bool waits = each->waits();
    if ((each->sandbox && !waits) || !each->has_time_for(timeout, state_->starter.unix_now())) continue;
    if (!claim.entry_ || waits) claim.entry_ = each;
    if (waits) break;
  }
  if (claim.entry_) {
    claim.entry_->claimed = true;  // no other run gets it, except after a cancel before it was used
  } else if (auto* kind = state_->find(key)) {
    kind->missed = Clock::now();
  }
  return claim;
}

Task<std::unique_ptr<AttachedSandbox>> WarmPool::wait_claimed(Claim claim, Cancel cancel) {
  const auto state = state_;
  const auto entry = std::move(claim.entry_);
  co_await until(entry->changed, [&] { return entry->sandbox || entry->over; }, cancel);
  if (!entry->waits() || cancel.cancelled()) {
    entry->claimed = false;
    if (state->closed)
      state->drop(entry);
    else
      state->adjust();
    co_return nullptr;
  }
  auto sandbox = std::exchange(entry->sandbox, nullptr);
  std::erase(state->entries, entry);
  sandbox->connection->changed().notify();  // `keep` ends, because the run has the sandbox
  co_return sandbox;
}

void WarmPool::request(const RunPlan& plan, const SandboxContext& context) {
  if (state_->closed || state_->policy.max == 0 || !can_be_warm(plan, context)) return;
  auto kind = pool_key(plan);
  auto key = full_key(kind, context);
  const auto now = Clock::now();
  const auto timeout = std::chrono::duration_cast<std::chrono::seconds>(plan.limits.timeout) + 1s;
  auto& kinds = state_->kinds;
  const auto known = std::ranges::find(kinds, key, &PoolKey::key);
  if (known != kinds.end()) {
    std::rotate(kinds.begin(), known, known + 1);
  } else {
    kinds.insert(kinds.begin(), {.plan = std::move(kind),
                                 .context = context,
                                 .key = std::move(key),
                                 .used = now,
                                 .missed = now - kSecondSandboxFor,
                                 .max_timeout = kMaxRunTimeout});
    if (kinds.size() > state_->policy.max) kinds.pop_back();
  }
  kinds.front().used = now;
  kinds.front().max_timeout = std::max(kinds.front().max_timeout, timeout);
  state_->adjust();
  if (!std::exchange(state_->maintained, true)) spawn(state_->executor, "the warm pool", State::maintain(state_));
}

std::shared_ptr<void> WarmPool::pause() {
  ++state_->pauses;
  return {nullptr, [state = state_](void*) {
            if (--state->pauses == 0) state->adjust();
          }};
}

std::size_t WarmPool::size() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(state_->entries, [](const auto& each) { return each->waits() && !each->claimed; }));
}

void WarmPool::close() {
  if (std::exchange(state_->closed, true)) return;
  state_->drop_all_but([](const State::Entry&) { return false; });
  state_->kinds.clear();
  state_->wake.notify();
}

}  // namespace dind::sandbox
