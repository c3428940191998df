// Removes containers and volumes that this process creates.
//
// A removal is registered before its object is created, and runs in the background. The process waits for it at its
// end.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/client.hpp"
#include "support/async/task.hpp"

namespace dind::sandbox {

// Max time in which an engine finishes a request whose connection broke.
inline constexpr std::chrono::seconds kLateCreate{5};

class Removals {
 public:
  // `patience`: how long a removal is retried before it counts as failed.
  Removals(asio::any_io_executor executor, engine::Client& client,
           std::chrono::milliseconds patience = std::chrono::seconds(30));

  // The pending removal of one object, known by its name. The destructor calls `remove`.
  class PendingRemoval {
   public:
    PendingRemoval() = default;
    PendingRemoval(PendingRemoval&&) noexcept = default;
    PendingRemoval& operator=(PendingRemoval&& other) noexcept;
    ~PendingRemoval() { remove(); }
    // Removes the object in the background. It retries until the engine says that the object is gone, or `patience` is
    // over (30 s by default). Then the removal has failed, and the reaper removes the object. Further calls do nothing.
    void remove();
    // From now on the removal counts under `name`, as if the container had that name: `wait_removed` waits for it under
    // this name. The container is removed by its `id`, whatever its name is.
    void rename(std::string name, std::string id);
    // Call it if the program and its supervisor have ended. The engine then removes the container itself (AutoRemove),
    // even if this process has ended. The removal is still checked, but a shutdown does not wait for it
    // (`wait_all_removed_but_auto`).
    void expect_auto_remove();
    // Call these before and after the create request. Until the request is answered, "no such container" does not mean
    // that the container is gone. The engine may still create it, although the connection broke.
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

  // Registers the removal of a container. Call it before `create` is sent: the container may exist although the reply
  // is lost.
  [[nodiscard]] PendingRemoval expect_container(std::string container_name);
  // Registers the removal of a volume. Call its `remove` after the containers that use the volume are removed.
  [[nodiscard]] PendingRemoval expect_volume(std::string volume_name);
  std::size_t pending() const;
  // Whether a removal in this process is for this container or volume, by name or id. Then a run, a warm sandbox or an
  // installer uses it, or it is being removed. Any thread may call it.
  static bool is_known(const std::string& name_or_id);
  // Whether the removal of that name failed for good. It stays so until `forget`, which is called when the object is
  // gone.
  bool failed(const std::string& name) const;
  std::vector<std::string> failures() const;
  void forget(const std::string& name);
  // Waits for all removals. True: none is pending. False: the deadline passed first.
  Task<bool> wait_all_removed(Deadline deadline);
  // The same, without those that are left to the engine (`expect_auto_remove`).
  Task<bool> wait_all_removed_but_auto(Deadline deadline);
  // The same for removals whose names begin with `prefix`.
  Task<bool> wait_removed(std::string prefix, Deadline deadline);
  // The same, but an object also counts as removed if the engine can't be reached to remove it: it then slows down no
  // other run.
  Task<bool> wait_removed_or_unreachable(std::string prefix, Deadline deadline);

 private:
  std::shared_ptr<PendingRemoval::Account> account_;
};

}  // namespace dind::sandbox
