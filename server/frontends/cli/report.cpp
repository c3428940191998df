#include "frontends/cli/report.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "frontends/cli/padded.hpp"
#include "frontends/cli/summary.hpp"
#include "support/units.hpp"
#include "wire/json_text.hpp"

namespace dind::frontends::cli {
namespace {

using nlohmann::json;

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : " ") + part;
  return text;
}

// The names are ASCII.
std::string_view status_name(DoctorCheck::Status status) {
  switch (status) {
    case DoctorCheck::Status::ok:
      return "ok";
    case DoctorCheck::Status::warning:
      return "warning";
    case DoctorCheck::Status::failed:
      return "failed";
    case DoctorCheck::Status::skipped:
      return "skipped";
  }
  return "failed";
}

}  // namespace

std::string languages_text(const std::vector<LanguageSummary>& languages, bool as_json) {
  if (as_json) {
    json list = json::array();
    for (const auto& language : languages) {
      list.push_back({{"id", language.id},
                      {"name", language.name},
                      {"extensions", language.extensions},
                      {"images", language.images}});
    }
    return one_line(list);
  }
  std::string text = "LANGUAGE     EXTENSIONS        IMAGE\n";
  for (const auto& language : languages) {
    text += padded(language.id, 13) + padded(joined(language.extensions), 18) +
            (language.images.empty() ? "" : language.images.front()) + '\n';
  }
  return text;
}

std::string doctor_text(const std::vector<DoctorCheck>& checks, bool as_json) {
  if (as_json) {
    json list = json::array();
    for (const auto& check : checks) {
      list.push_back({{"name", check.name},
                      {"status", status_name(check.status)},
                      {"seen", check.seen},
                      {"remedy", check.remedy}});
    }
    return one_line({{"ok", doctor_exit_code(checks) == 0}, {"checks", std::move(list)}});
  }
  std::size_t width = 0;
  for (const auto& check : checks) width = std::max(width, check.name.size());
  std::string text;
  for (const auto& check : checks) {
    text += padded(std::string(status_name(check.status)), 9) + padded(check.name, width + 2) + printable(check.seen) +
            '\n';
    if (!check.remedy.empty()) text += std::string(9, ' ') + "→ " + printable(check.remedy) + '\n';
  }
  return text;
}

int doctor_exit_code(const std::vector<DoctorCheck>& checks) {
  return std::ranges::any_of(checks, [](const auto& check) { return check.status == DoctorCheck::Status::failed; }) ? 1
                                                                                                                    : 0;
}

std::string garbage_text(const GarbageReport& report, bool as_json) {
  std::int64_t freed = 0;
  std::size_t gone = 0;
  for (const auto& item : report.items) {
    if (!item.removed && !report.dry_run) continue;
    ++gone;
    freed += item.bytes;
  }
  if (as_json) {
    json items = json::array();
    for (const auto& item : report.items) {
      items.push_back({{"kind", dind::to_string(item.kind)},
                       {"name", item.name},
                       {"reason", item.reason},
                       {"bytes", item.bytes},
                       {"removed", item.removed},
                       {"error", item.error}});
    }
    return one_line({{"dryRun", report.dry_run}, {"freedBytes", freed}, {"items", std::move(items)}});
  }
  std::string text;
  for (const auto& item : report.items) {
    text += padded(report.dry_run ? "would go"
                   : item.removed ? "removed"
                                  : "kept",
                   10) +
            padded(std::string(dind::to_string(item.kind)), 11) + printable(item.name) + "  " + printable(item.reason) +
            (item.bytes > 0 ? "  " + format_bytes(item.bytes) : "") + '\n';
    if (!item.error.empty()) text += std::string(10, ' ') + "→ " + printable(item.error) + '\n';
  }
  if (report.items.empty()) return "Nothing to remove\n";
  const auto things = std::to_string(gone) + (gone == 1 ? " thing" : " things");
  return text + (report.dry_run ? things + " would be removed" : things + " removed") +
         (freed > 0 ? ", " + format_bytes(freed) + " freed" : "") + '\n';
}

int garbage_exit_code(const GarbageReport& report) {
  return std::ranges::any_of(report.items, [](const auto& item) { return !item.error.empty(); }) ? 1 : 0;
}

}  // namespace dind::frontends::cli
