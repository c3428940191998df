// The connections that wait for their client: where all places are taken, the one that waits longest is closed when a
// new client comes (S17). One that has only just come is not: its first request is on its way. On the core's thread.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include "support/task.hpp"

namespace dind::frontends {

class IdleClients : public std::enable_shared_from_this<IdleClients> {
  struct Entry {
    std::function<void()> close;
    Deadline came;
  };
  using Entries = std::list<Entry>;

 public:
  // One connection's entry, which goes with it. A connection works until it says that it waits.
  class Place {
   public:
    Place(std::shared_ptr<IdleClients> all, std::function<void()> close);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();
    void waits();  // from now on, where it does not wait yet; those that never worked are closed before others
    void works();

   private:
    std::shared_ptr<IdleClients> all_;
    Entries entry_;  // here while it works; else in one of the lists of `all_`
    Entries* in_;    // where it is
    Entries::iterator at_;
    bool worked_ = false;
  };

  static constexpr auto kFirstRequestTime = std::chrono::seconds(1);

  // Tells the connection that waits longest to close. False: every one of them works, or has only just come.
  bool close_longest(Deadline now = Clock::now());

 private:
  Entries silent_, idle_;  // the longest first
};

}  // namespace dind::frontends
