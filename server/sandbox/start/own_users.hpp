// Leases user ids that only sandboxes use, one for each sandbox. Use it only on the io_context's thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "sandbox/start/etc_files.hpp"

namespace dind::sandbox {

class OwnUsers {
 public:
  // `start`: the index of the first id. Servers that share an engine do not know of each other. Servers on one machine
  // start at different indexes, because their process ids differ.
  explicit OwnUsers(std::uint32_t start = start_of_this_process());

  // One id, leased until the last copy of this object is destroyed.
  class Lease {
   public:
    Lease() = default;
    explicit operator bool() const { return taken_ != nullptr; }
    std::string user() const { return std::to_string(*taken_) + ":65534"; }  // in the format of ContainerSpec

   private:
    friend class OwnUsers;
    std::shared_ptr<const std::uint32_t> taken_;
  };
  // Leases an id. The lease is empty if all ids are taken, or after `refuse`.
  Lease take();
  // Call it if the engine refused an id. Such an engine does not have these ids: it runs in a user namespace that it
  // does not report.
  void refuse() { refused_ = true; }

  static std::uint32_t start_of_this_process();

 private:
  std::uint32_t next_;
  bool refused_ = false;
  std::shared_ptr<std::array<bool, kOwnUsers>> taken_ = std::make_shared<std::array<bool, kOwnUsers>>();
};

}  // namespace dind::sandbox
