// Unused objects that dind-executor created on the engine: the decision which ones are removed, and the collector that
// removes them. Nothing without a label of dind-executor is ever removed.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "support/async/task.hpp"
#include "support/units.hpp"

namespace dind {

struct GarbagePolicy {
  std::chrono::milliseconds images_unused_for = std::chrono::hours(7 * 24);
  std::int64_t images_max_bytes = 10LL << 30;  // of all images that dind-executor built; the longest unused goes first
};

// What exists on the engine. Times are Unix seconds on the engine's clock.
struct Inventory {
  using Labels = std::map<std::string, std::string>;
  struct Container {
    std::string id, name;
    Labels labels;
    std::string image_id;
    std::vector<std::string> volumes;
  };
  struct Volume {
    std::string name;
    Labels labels;
    std::int64_t created = 0;
  };
  struct Network {
    std::string id, name;
    Labels labels;
  };
  struct Image {
    std::string id;
    std::vector<std::string> tags;
    Labels labels;
    std::int64_t bytes = 0;
    std::int64_t last_used = 0;
  };
  std::vector<Container> containers;  // all containers, also of others: they show what is in use
  std::vector<Volume> volumes;
  std::vector<Network> networks;
  std::vector<Image> images;        // with a label of dind-executor: built images, and supervisors
  std::set<std::string> image_ids;  // of all images
  std::string self;                 // process_owner()
  std::string supervisor_volume;    // of this version
  std::string supervisor_image;     // its name, for this version
  std::int64_t now = 0;
};

struct GarbageItem {
  enum class Kind { container, volume, network, image };
  Kind kind = Kind::container;
  std::string id;  // for the engine's removal call; the names of an image are removed one by one
  std::string name;
  std::vector<std::string> tags;  // only of an image
  std::string reason;             // "unused for 9 days"
  std::int64_t bytes = 0;         // only known for images
  bool removed = false;
  std::string error;  // one line, if it could not be removed
  bool operator==(const GarbageItem&) const = default;
};
std::string_view to_string(GarbageItem::Kind kind);

// Pure. `supervisors_for`: how long the supervisor of another version (volume or image) is kept, so that two versions
// side by side do not remove each other's. Volumes with files of an image that no longer exists are kept as long.
std::vector<GarbageItem> find_garbage(const Inventory& inventory, const GarbagePolicy& policy,
                                      std::chrono::seconds supervisors_for);

struct GarbageReport {
  bool dry_run = false;
  std::vector<GarbageItem> items;
};

class GarbageCollector {
 public:
  virtual ~GarbageCollector() = default;
  // Makes one pass. Errors: those of the engine, if the inventory fails. An object that can't be removed is an item
  // with an error.
  virtual Task<Result<GarbageReport>> collect(bool dry_run, Deadline deadline) = 0;
};

}  // namespace dind
