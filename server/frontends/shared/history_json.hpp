// Records of the history as JSON, the same in every frontend (docs/cli.md, history).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "services/history/history.hpp"

namespace dind::frontends {

// What a record says about its run, from the fields that are set at that time.
std::string history_name(const HistoryRecord& record);  // the file's name, or the command
std::string history_language(const HistoryRecord& record);
std::string history_image(const HistoryRecord& record);

// RFC 3339 with milliseconds, in UTC.
std::string utc_text(std::int64_t unix_ms);

// The max memory of a reply in bytes: for each summary, and for each record.
inline constexpr std::size_t kMaxSummaryNameLength = 300;
inline constexpr std::size_t kSummaryBytes = 600 + 6 * kMaxSummaryNameLength;  // a control character takes six in JSON
inline constexpr std::size_t kRecordBytes = kKeptProgram + 4 * kKeptOutputPart;

// One run of `history list --json`.
nlohmann::json history_summary_json(const HistoryRecord& record);

// `history show --json`.
nlohmann::json history_run_json(const HistoryRecord& record);

}  // namespace dind::frontends
