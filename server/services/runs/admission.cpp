#include "services/runs/admission.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <utility>
#include <vector>

#include "support/async/until.hpp"

namespace dind {

struct Admission::Waiter {
  std::size_t position = 0;
  bool admitted = false;
  bool waits = false;  // `enter` waits for a change of its position
};

struct Admission::Client {
  std::size_t running = 0;
  std::list<Waiter*> waiting;
};

struct Admission::State {
  State(const asio::any_io_executor& executor, AdmissionBounds b) : changed(executor) { take(b); }

  void take(AdmissionBounds b) {
    bounds = b;
    bounds.at_once = std::max<std::size_t>(1, bounds.at_once);
    if (bounds.queued_per_client == 0) bounds.queued_per_client = std::max<std::size_t>(1, bounds.queued / 2);
    if (bounds.at_once_per_client >= bounds.at_once) bounds.at_once_per_client = 0;  // `at_once` is the bound
    if (bounds.at_once_per_client == 0) bounds.at_once_per_client = SIZE_MAX;
    admit();
  }

  using Clients = std::map<std::string, Client>;

  Signal changed;
  AdmissionBounds bounds;
  std::size_t running = 0;
  std::size_t waiting = 0;
  Clients clients;                     // clients with a run that is active or waits
  std::list<Clients::iterator> turns;  // clients with waiting runs, the next turn first
  bool news = false;                   // a waiting run was admitted or has a new position

  bool may_start(const Client& client) const { return client.running < bounds.at_once_per_client; }

  // Error busy: no slot is free, and the queue (or the client's part of it) is full.
  Result<void> room_for(const std::string& name) const {
    const auto found = clients.find(name);
    const Client& client = found == clients.end() ? kNobody : found->second;
    if (running < bounds.at_once && may_start(client)) return {};
    const auto busy = [](std::size_t running_now, std::size_t waiting_now, const std::string& whose,
                         const std::string& settings) {
      return fail(ErrorCode::busy, std::to_string(running_now) + " runs" + whose + " are under way and " +
                                       std::to_string(waiting_now) +
                                       " wait, and no more are accepted. Try again later, or raise " + settings +
                                       " in the configuration");
    };
    if (waiting >= bounds.queued) return busy(running, waiting, "", "concurrentRuns or queuedRuns");
    if (client.waiting.size() >= bounds.queued_per_client)
      return busy(client.running, client.waiting.size(), " of this client", "queuedRunsPerClient");
    return {};
  }

  Clients::iterator come(const std::string& name, Waiter& waiter) {
    const auto client = clients.try_emplace(name).first;
    if (client->second.waiting.empty()) turns.push_back(client);
    client->second.waiting.push_back(&waiter);
    ++waiting;
    admit();
    return client;
  }

  void give_up(Clients::iterator client, Waiter& waiter) {
    client->second.waiting.remove(&waiter);
    --waiting;
    if (client->second.waiting.empty()) turns.remove(client);
    forget(client);
    reckon();
    tell();
  }

  void release(const std::string& name) {
    const auto client = clients.find(name);
    --running;
    --client->second.running;
    forget(client);
    admit();
  }

 private:
  inline static const Client kNobody;

  void forget(Clients::iterator client) {
    if (client->second.running == 0 && client->second.waiting.empty()) clients.erase(client);
  }

  void admit() {
    while (running < bounds.at_once) {
      // A client that is skipped keeps its position in `turns` until one of its runs has ended.
      const auto turn = std::ranges::find_if(turns, [&](const auto& each) { return may_start(each->second); });
      if (turn == turns.end()) break;
      Client& client = (*turn)->second;
      Waiter& first = *client.waiting.front();
      first.admitted = true;
      news = news || first.waits;
      client.waiting.pop_front();
      --waiting;
      ++client.running;
      ++running;
      if (client.waiting.empty())
        turns.erase(turn);
      else
        turns.splice(turns.end(), turns, turn);
    }
    reckon();
    tell();
  }

  // Wakes the waiting runs, but only for news. A run that arrives last does not change the positions of its client's
  // other runs, so a burst of runs does not wake them for each new run.
  void tell() {
    if (std::exchange(news, false)) changed.notify();
  }

  // Computes the position of each waiting run, in the order of the coming turns. Runs that exceed their client's max of
  // running runs come after all others, because nobody knows when one of the client's runs ends.
  void reckon() {
    struct Line {
      std::list<Waiter*>::const_iterator next, end;
      std::size_t may_start;
    };
    std::vector<Line> lines;
    for (const auto& turn : turns) {
      const Client& client = turn->second;
      lines.push_back({client.waiting.begin(), client.waiting.end(),
                       bounds.at_once_per_client - std::min(bounds.at_once_per_client, client.running)});
    }
    std::size_t position = 0;
    for (const bool bounded : {true, false}) {
      for (bool more = true; more;) {
        more = false;
        for (auto& line : lines) {
          if (line.next == line.end || (bounded && line.may_start == 0)) continue;
          if (bounded) --line.may_start;
          Waiter& waiter = **line.next++;
          news = news || (waiter.waits && waiter.position != position);
          waiter.position = position++;
          more = true;
        }
      }
    }
  }
};

Admission::Admission(asio::any_io_executor executor, AdmissionBounds bounds)
    : state_(std::make_shared<State>(executor, bounds)) {}

void Admission::take_bounds(AdmissionBounds bounds) { state_->take(bounds); }

Task<Result<Admission::Slot>> Admission::enter(std::string client, std::function<void(std::size_t)> on_position,
                                               Cancel cancel) {
  const auto state = state_;
  if (const auto room = state->room_for(client); !room) co_return std::unexpected(room.error());
  Waiter waiter;
  const auto mine = state->come(client, waiter);
  std::size_t told = SIZE_MAX;
  while (!waiter.admitted && !cancel.cancelled()) {
    waiter.waits = true;
    if (waiter.position != told) on_position(told = waiter.position);
    co_await until(state->changed, [&] { return waiter.admitted || waiter.position != told; }, cancel);
  }
  if (!waiter.admitted) {
    state->give_up(mine, waiter);
    co_return fail(ErrorCode::cancelled, "The run was cancelled while it waited for its turn");
  }
  Slot slot;
  slot.hold_ = std::shared_ptr<void>(nullptr, [state, client = std::move(client)](void*) { state->release(client); });
  co_return slot;
}

}  // namespace dind
