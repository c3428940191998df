// The images that dind-executor builds: their names, and the names that record when they were last used.
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dind {

// The names of images that dind-executor builds. An image that a user builds on one of them inherits its label. So an
// image counts as built by dind-executor only if all of its names also begin with kBuiltNames.
inline constexpr const char* kBuiltNames = "dind-executor/";

// When an image was last used, as far as it was recorded (Unix seconds). It is the later one of two: the time of the
// last tag, which containerd's store does not update, and the day in a use tag. `otherwise`: if the engine has no time
// of a last tag.
std::int64_t last_use(const std::string& last_tagged, const std::vector<std::string>& tags, std::int64_t otherwise);

// `use_tag`: the name that records the use of an image on a day ("dind-executor/used:0123456789ab-20261129").
// `is_use_tag`: whether a name is a use tag of this image.
std::string use_tag(const std::string& image_id, std::int64_t now);
bool is_use_tag(const std::string& tag, const std::string& image_id);

// Whether the use of the image `name` must be recorded now: dind-executor built it, and the last record is at least a
// day old.
bool touch_is_due(const std::string& name, const std::map<std::string, std::string>& labels, std::int64_t last_use,
                  std::int64_t now);

}  // namespace dind
