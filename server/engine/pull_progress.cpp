#include "engine/pull_progress.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/text.hpp"
#include "support/json_fields.hpp"

namespace dind::engine {

using namespace lenient;
namespace {
constexpr double kDownloadShare = 0.7;  // of a layer's progress; the rest is its extraction
}

bool PullReader::feed(std::string_view bytes, const std::function<void(const PullProgress&)>& on_progress) {
  return stream_.feed(bytes, [&](std::string_view line) { take_line(line, on_progress); });
}

void PullReader::take_line(std::string_view line, const std::function<void(const PullProgress&)>& on_progress) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return;
  std::string error = text(field(json, "errorDetail"), "message");
  if (error.empty()) error = text(json, "error");
  if (!error.empty()) {
    if (!error_) error_ = one_line(error);
    return;
  }
  const std::string status = one_line(text(json, "status"), 200);
  const std::string id = one_line(text(json, "id"), 100);
  const Json& detail = field(json, "progressDetail");
  if (!id.empty() && take_layer(id, status, number(detail, "current"), number(detail, "total"))) {
    const int now = std::max(percent(), shown_percent_.value_or(0));  // the percentage never decreases
    if (shown_percent_ == now) return;
    shown_percent_ = now;
    const auto done = std::ranges::count_if(layers_, [](const auto& layer) { return layer.second.extracted >= 1; });
    shown_message_.clear();
    if (on_progress)
      on_progress({"Pulling: " + std::to_string(done) + " of " + std::to_string(layers_.size()) + " layers done", now});
    return;
  }
  if (status.empty() || status == shown_message_) return;
  shown_message_ = status;
  if (on_progress) on_progress({status, shown_percent_});
}

// False: the line is not about a layer.
bool PullReader::take_layer(const std::string& id, const std::string& status, std::int64_t current,
                            std::int64_t total) {
  static constexpr std::string_view kLayerLines[] = {"Pulling fs layer",   "Waiting",           "Downloading",
                                                     "Verifying Checksum", "Download complete", "Extracting",
                                                     "Pull complete",      "Already exists"};
  if (std::ranges::find(kLayerLines, status) == std::end(kLayerLines)) return false;
  Layer& layer = layers_[id];
  const double part = total > 0 ? std::clamp(static_cast<double>(current) / static_cast<double>(total), 0.0, 1.0) : 0;
  if (status == "Downloading") {
    layer.total = std::max(layer.total, total);
    layer.downloaded = part;
  } else if (status == "Extracting") {
    layer.total = std::max(layer.total, total);
    layer.downloaded = 1;
    layer.extracted = part;
  } else if (status == "Verifying Checksum" || status == "Download complete") {
    layer.downloaded = 1;
  } else if (status == "Pull complete" || status == "Already exists") {
    layer.downloaded = layer.extracted = 1;
  }
  return true;
}

std::int64_t PullReader::bytes() const {
  std::int64_t all = 0;
  for (const auto& [id, layer] : layers_)
    if (__builtin_add_overflow(all, std::max<std::int64_t>(layer.total, 0), &all))
      return std::numeric_limits<std::int64_t>::max();
  return all;
}

// Weighted by bytes. A layer of unknown size counts as an average one.
int PullReader::percent() const {
  double known_bytes = 0;
  int known = 0;
  for (const auto& [id, layer] : layers_) {
    if (layer.total <= 0) continue;
    known_bytes += static_cast<double>(layer.total);
    ++known;
  }
  const double average = known > 0 ? known_bytes / known : 1;
  double done = 0;
  double all = 0;
  for (const auto& [id, layer] : layers_) {
    const double weight = layer.total > 0 ? static_cast<double>(layer.total) : average;
    all += weight;
    done += weight * (kDownloadShare * layer.downloaded + (1 - kDownloadShare) * layer.extracted);
  }
  return all > 0 ? std::clamp(static_cast<int>(100 * done / all + 1e-6), 0, 100) : 0;
}

}  // namespace dind::engine
