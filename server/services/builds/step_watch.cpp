#include "services/builds/step_watch.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

#include "sandbox/hardening.hpp"
#include "sandbox/labels.hpp"
#include "services/images/built_images.hpp"
#include "support/async/until.hpp"
#include "support/log/log.hpp"

namespace dind {

using namespace std::chrono_literals;

namespace {

constexpr auto kMeasureTime = 15s;
constexpr auto kFinishTime = 30s;        // for what the builder said before the end
constexpr auto kDiskCheckInterval = 1s;  // between two checks of what a step has written
constexpr Clock::duration kMaxPause = 200ms;
constexpr int kMaxLoadShare = 20;        // checks take at most 1/20 of the engine's time
constexpr std::size_t kMaxWaiting = 64;  // a step may print what looks like the builder's lines; keep the newest
constexpr int kMaxLayers = 256;          // layers; an engine allows half as many

}  // namespace

struct StepWatch::State {
  State(const asio::any_io_executor& executor, engine::Client& c) : client(c), changed(executor) {}

  struct Said {
    bool container = false;
    std::string id;
  };

  engine::Client& client;
  Signal changed;
  StepBounds bounds;
  std::string network_mode;
  std::map<std::string, std::int64_t> images;  // size by ID: those that are counted, or must not be counted
  std::function<void()> on_over;
  std::deque<Said> said;
  std::string running;       // the container of the step that runs now
  std::int64_t written = 0;  // bytes, by this container
  std::int64_t taken = 0;    // bytes, by the images of finished steps
  Deadline next_look;
  bool busy = false;  // with an item of `said`, or a check
  bool ended = false;
  bool is_over = false;

  void judge() {
    if (is_over || ended || taken + written <= bounds.disk_bytes) return;
    is_over = true;
    on_over();
  }

  bool counted(const std::string& id) const {
    return std::ranges::any_of(images, [&](const auto& each) {
      return each.first == id || std::string_view(each.first).substr(each.first.find(':') + 1).starts_with(id);
    });
  }

  // Counts each image by what it has more than its parent, down to the first image that is known.
  static Task<void> count(std::shared_ptr<State> self, std::string id) {
    std::int64_t above = 0;
    std::int64_t grown = 0;
    for (int depth = 0; depth < kMaxLayers && !id.empty(); ++depth) {
      if (self->counted(id)) {
        const auto known = self->images.find(id);
        if (depth > 0 && known != self->images.end()) grown = above - known->second;
        break;
      }
      const auto image = co_await self->client.inspect_image(id, in(kMeasureTime));
      if (!image || !*image) co_return;  // not an ID from the builder, or already removed
      auto size = (*image)->size;
      if ((*image)->size_is_packed) {
        const auto unpacked = co_await self->client.unpacked_image_size((*image)->id, in(kMeasureTime));
        if (!unpacked) co_return;
        size = *unpacked;
      }
      if (depth == 0) above = size;
      self->images.emplace((*image)->id, size);
      grown = above;
      id = (*image)->parent;
    }
    self->taken += std::max<std::int64_t>(0, grown);
    self->judge();
  }

  static Task<void> bound(std::shared_ptr<State> self, std::string id) {
    if (id == self->running) co_return;
    const auto seen = co_await self->client.container_size(id, in(kMeasureTime));
    if (!seen || seen->network_mode != self->network_mode || seen->labels.contains(sandbox::kOwnerLabel)) co_return;
    // Any container may have the network mode none. Then only the label shows that it belongs to a build.
    if (!seen->network_mode.starts_with("container:") && !seen->labels.contains(sandbox::kBuiltLabel)) co_return;
    // While the engine starts the container, it refuses for a moment (500): the container is no longer only created,
    // and not yet running.
    const Deadline give_up = in(kMeasureTime);
    for (Clock::duration pause = 5ms; !self->ended; pause = std::min(pause + pause / 8, kMaxPause)) {
      const auto bounded = co_await self->client.update_pids_limit(id, self->bounds.processes, in(kMeasureTime));
      if (bounded) break;
      const auto status = bounded.error().engine_status;
      if (status == 404) co_return;  // the step is done
      if (status == 409 || Clock::now() >= give_up) {
        log(LogLevel::warning, "The processes of a build's step have no bound: " + bounded.error().message);
        break;
      }
      co_await sleep_until(in(pause));
    }
    self->running = std::move(id);
    self->written = 0;
    self->next_look = in(kDiskCheckInterval);
  }

  static Task<void> measure(std::shared_ptr<State> self) {
    const auto begun = Clock::now();
    const auto seen = co_await self->client.container_size(self->running, in(kMeasureTime));
    if (!seen && seen.error().engine_status == 404) {
      self->running.clear();
      self->written = 0;
      co_return;
    }
    if (seen) self->written = seen->written_bytes;
    self->judge();
    self->next_look = in(std::max<Clock::duration>(kDiskCheckInterval, kMaxLoadShare * (Clock::now() - begun)));
  }

  static Task<void> take_one(std::shared_ptr<State> self) {
    const auto next = std::move(self->said.front());
    self->said.pop_front();
    if (next.container) {
      co_await bound(self, next.id);
    } else {
      if (!self->running.empty()) co_await measure(self);  // the step is done: what it wrote is in the image
      co_await count(self, next.id);
    }
  }

  void say(Said what) {
    if (said.size() == kMaxWaiting) said.pop_front();
    said.push_back(std::move(what));
    changed.notify();
  }
};

StepWatch::StepWatch(const asio::any_io_executor& executor, engine::Client& client, StepBounds bounds,
                     std::string network_mode, std::map<std::string, std::int64_t> bases, std::function<void()> on_over)
    : state_(std::make_shared<State>(executor, client)) {
  state_->bounds = bounds;
  state_->network_mode = std::move(network_mode);
  state_->images = std::move(bases);
  state_->on_over = std::move(on_over);
  spawn(executor, "watch of a build's steps", watch(state_));
}

StepWatch::~StepWatch() {
  state_->ended = true;
  state_->changed.notify();
}

void StepWatch::set_network(std::string network_mode) { state_->network_mode = std::move(network_mode); }
void StepWatch::on_step_container(std::string container) {
  state_->say({.container = true, .id = std::move(container)});
}
void StepWatch::on_step_image(std::string image) { state_->say({.container = false, .id = std::move(image)}); }
bool StepWatch::exceeded() const { return state_->is_over; }

Task<Result<void>> StepWatch::finish(std::string image) { return finish(state_, std::move(image)); }

Task<Result<void>> StepWatch::finish(std::shared_ptr<State> state, std::string image) {
  // Wait for `watch` to finish: if two coroutines count the same image at the same time, it is counted twice.
  co_await until(
      state->changed, [&] { return (!state->busy && state->said.empty()) || state->ended; }, in(kFinishTime));
  state->running.clear();  // no step runs any more
  state->written = 0;
  co_await State::count(state, std::move(image));
  co_return Result<void>{};
}

Task<void> StepWatch::watch(std::shared_ptr<State> state) {
  try {
    while (!state->ended) {
      const bool look = !state->running.empty() && Clock::now() >= state->next_look;
      if (look || !state->said.empty()) {
        state->busy = true;
        if (look)
          co_await State::measure(state);
        else
          co_await State::take_one(state);
        state->busy = false;
        state->changed.notify();
      } else {
        co_await state->changed.wait(state->running.empty() ? in(kRecheckInterval) : state->next_look);
      }
    }
  } catch (...) {  // wake `finish`, which may wait
    state->ended = true;
    state->changed.notify();
    throw;
  }
}

}  // namespace dind
