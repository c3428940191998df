// Writes the history as texts. Pure.
#pragma once

#include <string>
#include <vector>

#include "services/history/history.hpp"

namespace dind::frontends::cli {

// A table for people, newest run first, or with `json` an array (docs/cli.md).
std::string history_list_text(const std::vector<HistoryRecord>& records, bool json);

// Everything that is known about a run and its output, or with `json` one object.
std::string history_run_text(const HistoryRecord& record, bool json);

std::string history_prune_text(const PruneReport& report, bool json);

std::string history_export_text(const HistoryCopy& copy, const std::string& file, bool json);
std::string history_import_text(const HistoryCopy& copy, const std::string& file, bool json);

}  // namespace dind::frontends::cli
