#include "services/images/images.hpp"

#include <algorithm>

#include "engine/text.hpp"
#include "services/images/built_images.hpp"
#include "support/async/until.hpp"
#include "support/clock.hpp"
#include "support/log/log.hpp"

namespace dind {

using namespace std::chrono_literals;

namespace {

constexpr auto kInspectTime = 15s;
constexpr auto kQuietTime = 2s;  // without an answer; then the engine is pinged
constexpr auto kPullPingTime = 3s;
constexpr auto kPullTime = 30min;
constexpr auto kListenPause = 1s;

bool matches(std::string_view pattern, std::string_view name) {
  while (!pattern.empty() && pattern.front() != '*') {
    if (name.empty() || name.front() != pattern.front()) return false;
    pattern.remove_prefix(1);
    name.remove_prefix(1);
  }
  if (pattern.empty()) return name.empty();
  const bool any = pattern.starts_with("**");
  pattern.remove_prefix(any ? 2 : 1);
  while (true) {
    if (matches(pattern, name)) return true;
    if (name.empty() || (!any && name.front() == '/')) return false;
    name.remove_prefix(1);
  }
}

}  // namespace

// One active pull. It ends by itself, or when the last run that waits for it leaves.
struct Images::Pull {
  Pull(const asio::any_io_executor& executor, std::string n) : changed(executor), name(std::move(n)) {}
  Signal changed;
  const std::string name;
  engine::PullProgress progress;
  std::uint64_t steps = 0;
  std::optional<Result<void>> outcome;
  Cancel cancel;
  std::size_t waiting = 0;
};

// One question to the engine. The caller may stop waiting for the answer.
struct Images::Look {
  explicit Look(const asio::any_io_executor& executor) : changed(executor) {}
  Signal changed;
  std::optional<Result<std::optional<engine::Image>>> answer;
  std::optional<Error> silence;
};

bool is_allowed(const ImagePolicy& policy, const std::string& name) {
  if (policy.allowed.empty() || std::ranges::find(policy.always, name) != policy.always.end()) return true;
  return std::ranges::any_of(policy.allowed, [&](const auto& pattern) { return matches(pattern, name); });
}

Images::Images(asio::any_io_executor executor, engine::Client& client, RegistryCredentials credentials,
               ImagePolicy policy)
    : executor_(std::move(executor)),
      client_(client),
      credentials_(std::move(credentials)),
      policy_(std::move(policy)) {}

Task<void> Images::pull_shared(std::shared_ptr<Pull> pull) {
  const auto known = co_await credentials_.of(pull->name, pull->cancel);
  auto pulled = co_await client_.pull_image(
      pull->name, known.header,
      [pull](const engine::PullProgress& progress) {
        pull->progress = progress;
        ++pull->steps;
        pull->changed.notify();
      },
      pull->cancel, in(kPullTime), policy_.max_pulled_bytes);
  // Whether the engine or the registry refused. A pull that exceeds dind-executor's own bound has no engine status.
  const bool refused =
      !pulled && pulled.error().code == ErrorCode::image_unavailable && pulled.error().engine_status != 0;
  if (refused && !known.problem.empty())
    pulled.error().message += " It was tried without credentials: " + known.problem + ".";
  pull->outcome = std::move(pulled);
  pull->changed.notify();
  // If this pull was cancelled, a later one may have replaced it in the map.
  if (const auto found = pulls_.find(pull->name); found != pulls_.end() && found->second.lock() == pull)
    pulls_.erase(found);
}

Task<Result<void>> Images::pull(const std::string& name,
                                const std::function<void(const engine::PullProgress&)>& on_progress,
                                const Cancel& cancel) {
  const auto found = pulls_.find(name);
  auto shared = found == pulls_.end() ? nullptr : found->second.lock();
  if (!shared || shared->outcome || shared->cancel.cancelled()) {
    shared = std::make_shared<Pull>(executor_, name);
    pulls_[name] = shared;
    spawn(executor_, "pull of " + name, pull_shared(shared));
  }
  on_progress({.message = "Pulling " + name, .percent = std::nullopt});
  ++shared->waiting;
  std::uint64_t told = 0;
  while (co_await until(shared->changed, [&] { return shared->outcome || shared->steps != told; }, cancel)) {
    if (cancel.cancelled()) break;
    if (shared->steps != told) {
      told = shared->steps;
      on_progress(shared->progress);
    }
    if (shared->outcome) break;
  }
  --shared->waiting;
  // The engine's event will say the same, but it comes on another connection.
  known_.erase(name);
  ++changes_;
  if (shared->outcome) co_return *shared->outcome;
  if (shared->waiting == 0) shared->cancel.cancel(*cancel.reason());
  co_return fail(ErrorCode::cancelled, "The run was cancelled while its image was pulled");
}

Task<void> Images::inspect_shared(engine::Client& client, std::shared_ptr<Look> look, std::string name) {
  look->answer = co_await client.inspect_image(std::move(name), in(kInspectTime));
  look->changed.notify();
}

Task<Result<std::optional<engine::Image>>> Images::inspect(const std::string& name, const Cancel& cancel) {
  if (const auto known = known_.find(name); known != known_.end()) co_return known->second;
  const auto changes = changes_;
  const auto asked = std::make_shared<Look>(executor_);
  spawn(executor_, "look for image " + name, inspect_shared(client_, asked, name));
  // A slow engine may use the full time. An engine that answers nothing at all is detected sooner.
  constexpr auto kPingWhenSilent = [](engine::Client& client, std::shared_ptr<Look> look) -> Task<void> {
    auto pong = co_await client.ping(in(kPullPingTime));
    if (!pong) look->silence = std::move(pong.error());
    look->changed.notify();
  };
  const auto known = [&] { return asked->answer || asked->silence; };
  if (!co_await until(asked->changed, known, cancel, in(kQuietTime)) && !cancel.cancelled()) {
    spawn(executor_, "question whether the engine answers", kPingWhenSilent(client_, asked));
    co_await until(asked->changed, known, cancel);
  }
  if (asked->silence && !asked->answer && !cancel.cancelled()) co_return std::unexpected(std::move(*asked->silence));
  if (!asked->answer || cancel.cancelled()) co_return fail(ErrorCode::cancelled, "The run was cancelled");
  if (const auto& found = *asked->answer; current_ && changes == changes_ && found && *found)
    known_.insert_or_assign(name, **found);
  co_return std::move(*asked->answer);
}

Task<void> Images::follow_engine_events(Cancel cancel) {
  const auto changed = [this](bool current) {
    current_ = current;
    ++changes_;
    known_.clear();
  };
  while (!cancel.cancelled()) {
    co_await client_.events(
        {{"type", {"image"}}}, [&](const engine::Event&) { changed(true); }, cancel, [&] { changed(true); });
    changed(false);
    co_await sleep_for(kListenPause, cancel);
  }
}

// Records the use of an image that dind-executor built, so that gc keeps it as long as it is used. The engine itself
// only stores the time of the last tag, and containerd's store does not even update that (built_images.hpp).
Task<void> Images::touch(std::string name) {
  const auto not_noted = [&](const Error& error) {
    log(LogLevel::debug, "The use of " + name + " could not be noted: " + error.message);
  };
  if (const auto touched = co_await client_.tag_image(name, name, in(kInspectTime)); !touched)
    co_return not_noted(touched.error());
  const auto image = co_await client_.inspect_image(name, in(kInspectTime));
  if (!image) co_return not_noted(image.error());
  const auto now = unix_now();
  if (!*image || !touch_is_due(name, (*image)->labels, last_use((*image)->last_tagged, (*image)->repo_tags, 0), now))
    co_return;
  const auto tag = use_tag((*image)->id, now);
  if (const auto noted = co_await client_.tag_image(name, tag, in(kInspectTime)); !noted)
    co_return not_noted(noted.error());
  for (const auto& old : (*image)->repo_tags)
    if (old != tag && is_use_tag(old, (*image)->id)) (void)co_await client_.remove_image(old, in(kInspectTime));
}

void Images::note_use(const std::string& name, const engine::Image& image) {
  if (touch_is_due(name, image.labels, last_use(image.last_tagged, image.repo_tags, 0), unix_now()))
    spawn(executor_, "use of " + name, touch(name));
}

Task<Result<Images::Found>> Images::find(std::vector<std::string> names, PullPolicy policy,
                                         std::function<void(const engine::PullProgress&)> on_progress, Cancel cancel) {
  for (const auto& name : names) {
    if (is_allowed(policy_, name)) continue;
    std::string list;
    for (const auto& pattern : policy_.allowed) list += (list.empty() ? "" : ", ") + pattern;
    co_return fail(ErrorCode::invalid_request, "The image " + name + " is not allowed here. Allowed: " + list +
                                                   ", and the images of the languages (allowedImages)");
  }
  const bool by_id = engine::is_image_id(names.front());
  bool pulled = policy != PullPolicy::always || by_id;
  if (!pulled) names.resize(1);
  for (int round = 0; round < 2; ++round) {
    if (round == 1 || !pulled) {
      if (const auto done = co_await pull(names.front(), on_progress, cancel); !done)
        co_return std::unexpected(done.error());
      round = 1;
    }
    for (const auto& name : names) {
      auto image = co_await inspect(name, cancel);
      if (!image) co_return std::unexpected(image.error());
      if (!*image) continue;
      note_use(name, **image);
      co_return Found{name, std::move(**image)};
    }
    if (by_id)
      co_return fail(ErrorCode::image_unavailable, "The engine at " + client_.endpoint().address +
                                                       " has no image with the ID " + names.front() +
                                                       ", and an ID can't be pulled. Name the image instead");
    if (policy == PullPolicy::never)
      co_return fail(ErrorCode::image_unavailable, "The engine at " + client_.endpoint().address +
                                                       " does not have the image " + names.front() +
                                                       ", and nothing is pulled here (pull: never). Pull it by hand "
                                                       "(docker pull " +
                                                       names.front() + ")");
  }
  co_return fail(ErrorCode::image_unavailable, "The engine at " + client_.endpoint().address + " pulled " +
                                                   names.front() +
                                                   ", but no longer has it. Is its disk full? Try again");
}

}  // namespace dind
