// What of ours the engine holds and nobody needs: which of it goes, and the one who removes it. Nothing without our
// label ever goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "support/task.hpp"
#include "support/units.hpp"

namespace dind {

// On images that we build. A user's image that is built on one of ours inherits it: an image is ours where besides all
// of its names are below kBuiltNames.
inline constexpr const char* kBuiltLabel = "dind-executor.built";
inline constexpr const char* kBuiltNames = "dind-executor/";

struct GarbagePolicy {
  std::chrono::milliseconds images_unused_for = std::chrono::hours(7 * 24);
  std::int64_t images_max_bytes = 10LL << 30;  // of all images that we built; the one unused for longest goes first
};

// What there is. Times: Unix seconds by the engine's clock.
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
  std::vector<Container> containers;  // everybody's: they tell what is in use
  std::vector<Volume> volumes;
  std::vector<Network> networks;
  std::vector<Image> images;        // built by us
  std::set<std::string> image_ids;  // of all
  std::string self;                 // process_owner()
  std::string supervisor_volume;    // of this version
  std::string supervisor_image;     // its name
  std::int64_t now = 0;
};

struct GarbageItem {
  enum class Kind { container, volume, network, image };
  Kind kind = Kind::container;
  std::string id;  // what the engine removes it by; an image's names are taken away one by one
  std::string name;
  std::vector<std::string> tags;  // of an image
  std::string reason;             // "unused for 9 days"
  std::int64_t bytes = 0;         // where it is known (images)
  bool removed = false;
  std::string error;  // one line where it could not be removed
  bool operator==(const GarbageItem&) const = default;
};
std::string_view name(GarbageItem::Kind kind);

// Pure. `supervisors_for`: seconds for which the supervisor's volume of another version is left alone, so that two
// versions side by side don't take it from each other.
std::vector<GarbageItem> find_garbage(const Inventory& inventory, const GarbagePolicy& policy,
                                      std::chrono::seconds supervisors_for);

// When an image was last used, as far as it is noted: the time of its last tag, which containerd's store does not move,
// or the day in a name of ours. Pure.
std::int64_t last_use(const std::string& last_tagged, const std::vector<std::string>& tags, std::int64_t otherwise);

// The name that notes the use of an image on a day ("dind-executor/used:0123456789ab-20261129"), and whether a name is
// one of this image's. Pure.
std::string use_tag(const std::string& image_id, std::int64_t now);
bool is_use_tag(const std::string& tag, const std::string& image_id);

// Whether the use of an image by that name should be noted: ours, and not noted for a day. Pure.
bool touch_is_due(const std::string& name, const Inventory::Labels& labels, std::int64_t last_use, std::int64_t now);

struct GarbageReport {
  bool dry_run = false;
  std::vector<GarbageItem> items;
};

class GarbageCollector {
 public:
  virtual ~GarbageCollector() = default;
  // One pass. Errors: the engine's, where it can't be looked at; what can't be removed is an item with an error.
  virtual Task<Result<GarbageReport>> collect(bool dry_run, Deadline deadline) = 0;
};

}  // namespace dind
