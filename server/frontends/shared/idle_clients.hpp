// The connections that wait for a request of their client. When the max number of connections is reached and a new
// client comes, the connection that has waited longest is closed (S17). A new connection is not closed, because its
// first request is on its way. Use on the core's thread only.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include "support/async/task.hpp"

namespace dind::frontends {

class IdleClients : public std::enable_shared_from_this<IdleClients> {
  struct Entry {
    std::function<void()> close;
    Deadline came;
  };
  using Entries = std::list<Entry>;

 public:
  // The entry of one connection; the destructor removes it. A connection counts as working until it calls waits().
  class Place {
   public:
    Place(std::shared_ptr<IdleClients> all, std::function<void()> close);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();
    void waits();  // no effect if it waits already; connections that never worked are closed before others
    void works();

   private:
    std::shared_ptr<IdleClients> all_;
    Entries entry_;  // its own list while it works; else the entry is in a list of `all_`
    Entries* in_;    // the list with the entry
    Entries::iterator at_;
    bool worked_ = false;
  };

  static constexpr auto kFirstRequestTime = std::chrono::seconds(1);

  // Tells the connection that has waited longest to close. False: each connection works, or has only just been opened.
  bool close_longest(Deadline now = Clock::now());

 private:
  Entries silent_, idle_;  // the one that has waited longest is first
};

}  // namespace dind::frontends
