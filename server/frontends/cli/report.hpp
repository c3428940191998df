// Writes the output of `languages`, `doctor` and `gc` as texts. Pure.
#pragma once

#include <string>
#include <vector>

#include "services/health/doctor.hpp"
#include "services/upkeep/garbage.hpp"
#include "services/workspaces/languages_service.hpp"

namespace dind::frontends::cli {

// A table for people, or with `json` an array of { id, name, extensions, images }.
std::string languages_text(const std::vector<LanguageSummary>& languages, bool json);

// One line for each check, with its remedy below, or with `json` { ok, checks: [ { name, status, seen, remedy } ] }.
std::string doctor_text(const std::vector<DoctorCheck>& checks, bool json);

// 0, or 1 if a check failed: then runs would not work.
int doctor_exit_code(const std::vector<DoctorCheck>& checks);

// One line for each item and a last line with the sum, or with `json` { dryRun, freedBytes, items: [ { kind,
// name, reason, bytes, removed, error } ] }.
std::string garbage_text(const GarbageReport& report, bool json);

// 0, or 1 if something could not be removed.
int garbage_exit_code(const GarbageReport& report);

}  // namespace dind::frontends::cli
