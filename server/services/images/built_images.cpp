#include "services/images/built_images.hpp"

#include <algorithm>
#include <chrono>

#include "sandbox/labels.hpp"
#include "support/units.hpp"

namespace dind {
namespace {

constexpr std::int64_t kDay = 86'400;
const std::string kUseTags = std::string(kBuiltNames) + "used:";

}  // namespace

std::int64_t last_use(const std::string& last_tagged, const std::vector<std::string>& tags, std::int64_t otherwise) {
  auto last = unix_seconds(last_tagged, otherwise);
  for (const auto& tag : tags) {
    const auto day = tag.starts_with(kUseTags) ? tag.rfind('-') : std::string::npos;
    if (day == std::string::npos || tag.size() - day != 9) continue;
    const auto date = tag.substr(day + 1);
    last = std::max(last,
                    unix_seconds(date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6) + "T00:00:00Z", 0));
  }
  return last;
}

std::string use_tag(const std::string& image_id, std::int64_t now) {
  const std::chrono::year_month_day day(std::chrono::sys_days(std::chrono::days(now / kDay)));
  const auto digits = [](unsigned number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return kUseTags + image_id.substr(image_id.find(':') + 1, 12) + "-" + std::to_string(static_cast<int>(day.year())) +
         digits(static_cast<unsigned>(day.month())) + digits(static_cast<unsigned>(day.day()));
}

bool is_use_tag(const std::string& tag, const std::string& image_id) {
  return tag.starts_with(kUseTags + image_id.substr(image_id.find(':') + 1, 12) + "-");
}

bool touch_is_due(const std::string& name, const std::map<std::string, std::string>& labels, std::int64_t last_use,
                  std::int64_t now) {
  return name.starts_with(kBuiltNames) && !name.contains('@') && labels.contains(sandbox::kBuiltLabel) &&
         now - last_use >= kDay;
}

}  // namespace dind
