#include "frontends/shared/idle_clients.hpp"

#include <utility>

namespace dind::frontends {

IdleClients::Place::Place(std::shared_ptr<IdleClients> all, std::function<void()> close)
    : all_(std::move(all)), in_(&entry_) {
  entry_.push_back({.close = std::move(close), .came = Clock::now()});
  at_ = entry_.begin();
}

IdleClients::Place::~Place() { works(); }

void IdleClients::Place::waits() {
  if (in_ != &entry_) return;
  Entries& list = worked_ ? all_->idle_ : all_->silent_;
  list.splice(list.end(), entry_, at_);
  in_ = &list;
}

void IdleClients::Place::works() {
  worked_ = true;
  if (in_ == &entry_) return;
  entry_.splice(entry_.end(), *in_, at_);
  in_ = &entry_;
}

bool IdleClients::close_longest(Deadline now) {
  for (Entries* list : {&silent_, &idle_}) {
    if (list->empty()) continue;
    if (list == &silent_ && list->front().came + kFirstRequestTime > now) {
      // Most connections are silent, and one of them reaches its time limit soon. So
      // connections that have sent a request stay.
      if (silent_.size() > idle_.size()) return false;
      continue;
    }
    // The entry moves to the end, so that the same connection is not asked twice while others wait.
    list->splice(list->end(), *list, list->begin());
    const auto close = list->back().close;
    close();  // may end the connection, and destroy its entry
    return true;
  }
  return false;
}

}  // namespace dind::frontends
