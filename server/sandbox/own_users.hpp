// Which user ids of the range of sandboxes are in use here. The io_context's thread only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "sandbox/etc_files.hpp"

namespace dind::sandbox {

class OwnUsers {
 public:
  // `start`: where the first one is taken from. Servers that share an engine do not know of each other: those of one
  // machine start at different places, since their process ids differ.
  explicit OwnUsers(std::uint32_t start = start_of_this_process());

  // One id, until the last copy is gone.
  class Lease {
   public:
    Lease() = default;
    explicit operator bool() const { return taken_ != nullptr; }
    std::string user() const { return std::to_string(*taken_) + ":65534"; }  // as ContainerSpec has it

   private:
    friend class OwnUsers;
    std::shared_ptr<const std::uint32_t> taken_;
  };
  // An empty one where all are taken, or the engine has none.
  Lease take();
  // The engine refused one: it has no such ids (it runs in a user namespace that it does not tell of).
  void refuse() { refused_ = true; }

  static std::uint32_t start_of_this_process();

 private:
  std::uint32_t next_;
  bool refused_ = false;
  std::shared_ptr<std::array<bool, kOwnUsers>> taken_ = std::make_shared<std::array<bool, kOwnUsers>>();
};

}  // namespace dind::sandbox
