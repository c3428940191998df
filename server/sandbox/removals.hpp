// Containers and volumes that must go: owed from before they are made, paid in the background, waited for at the end.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/client.hpp"
#include "support/task.hpp"

namespace dind::sandbox {

// In which an engine finishes what a broken connection asked for.
inline constexpr std::chrono::seconds kLateCreate{5};

class Removals {
 public:
  // `patience`: how long a removal is tried before it is given up.
  Removals(asio::any_io_executor executor, engine::Client& client,
           std::chrono::milliseconds patience = std::chrono::seconds(30));

  // One of them by name. Where it goes out of scope without `remove`, it pays.
  class PendingRemoval {
   public:
    PendingRemoval() = default;
    PendingRemoval(PendingRemoval&&) noexcept = default;
    PendingRemoval& operator=(PendingRemoval&& other) noexcept;
    ~PendingRemoval() { remove(); }
    // Removes it in the background: tries again until the engine says that it's gone, for half a minute; then it is
    // given up, and the reaper's. Calling it again does nothing.
    void remove();
    // From now on it is owed under this name, as if the container had it (`gone` waits for it then), and removed by its
    // id, whatever it is called.
    void rename(std::string name, std::string id);
    // Its program has ended and its supervisor with it: the engine removes it by itself (AutoRemove), also when we have
    // gone. It is still seen to, but nobody's end waits for it.
    void expect_auto_remove();
    // Around the request that creates it. While that has no answer, "there is no such container" does not mean that it
    // is gone: the engine may be about to create it, although the connection broke.
    void begin_create() { create_pending_ = true; }
    void end_create() { create_pending_ = false; }

   private:
    friend class Removals;
    struct Account;
    enum class Kind { container, volume };
    PendingRemoval(std::shared_ptr<Account> account, Kind kind, std::string name)
        : account_(std::move(account)), kind_(kind), name_(std::move(name)), pending_as_(name_) {}
    std::shared_ptr<Account> account_;
    Kind kind_ = Kind::container;
    std::string name_;
    std::string pending_as_;
    bool create_pending_ = false;
  };

  // Call it before `create` is sent: the reply may be lost, and the container there nevertheless.
  [[nodiscard]] PendingRemoval expect_container(std::string container_name);
  // A volume goes after the containers that use it: remove when theirs is paid.
  [[nodiscard]] PendingRemoval expect_volume(std::string volume_name);
  std::size_t pending() const;
  // Whether any removal of this process is about that container or volume, by its name or its id: a run, a warm sandbox
  // or an installer has it, or it is being removed.
  static bool is_known(const std::string& name_or_id);
  // Whether the removal of that name failed for good; until `settle`, when it is gone.
  bool failed(const std::string& name) const;
  std::vector<std::string> failures() const;
  void forget(const std::string& name);
  // True once nothing is owed; false when the deadline passed first.
  Task<bool> wait_all_removed(Deadline deadline);
  // The same, but for what was left to the engine.
  Task<bool> wait_all_removed_but_auto(Deadline deadline);
  // The same for those whose names begin so.
  Task<bool> wait_removed(std::string prefix, Deadline deadline);
  // The same, but what an engine that is away can't be asked about counts as gone: it burdens nobody.
  Task<bool> wait_removed_or_unreachable(std::string prefix, Deadline deadline);

 private:
  std::shared_ptr<PendingRemoval::Account> account_;
};

}  // namespace dind::sandbox
