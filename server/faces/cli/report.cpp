#include "faces/cli/report.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "faces/cli/summary.hpp"
#include "faces/run_json.hpp"

namespace dind::faces::cli {
namespace {

using nlohmann::json;

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : " ") + part;
  return text;
}

// Names are ASCII.
std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string_view name(DoctorCheck::Status status) {
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
      list.push_back(
          {{"name", check.name}, {"status", name(check.status)}, {"seen", check.seen}, {"remedy", check.remedy}});
    }
    return one_line({{"ok", doctor_exit_code(checks) == 0}, {"checks", std::move(list)}});
  }
  std::size_t width = 0;
  for (const auto& check : checks) width = std::max(width, check.name.size());
  std::string text;
  for (const auto& check : checks) {
    text += padded(std::string(name(check.status)), 9) + padded(check.name, width + 2) + printable(check.seen) + '\n';
    if (!check.remedy.empty()) text += std::string(9, ' ') + "→ " + printable(check.remedy) + '\n';
  }
  return text;
}

int doctor_exit_code(const std::vector<DoctorCheck>& checks) {
  return std::ranges::any_of(checks, [](const auto& check) { return check.status == DoctorCheck::Status::failed; }) ? 1
                                                                                                                    : 0;
}

}  // namespace dind::faces::cli
