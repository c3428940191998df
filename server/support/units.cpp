#include "support/units.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>

#include "support/text/lower.hpp"
#include "support/text/quoted.hpp"
#include "support/text/shortened.hpp"
#include "support/text/trimmed.hpp"

namespace dind {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array<Unit, 14> kByteUnits{{{"", 1},
                                           {"b", 1},
                                           {"k", 0x1p10},
                                           {"kb", 0x1p10},
                                           {"kib", 0x1p10},
                                           {"m", 0x1p20},
                                           {"mb", 0x1p20},
                                           {"mib", 0x1p20},
                                           {"g", 0x1p30},
                                           {"gb", 0x1p30},
                                           {"gib", 0x1p30},
                                           {"t", 0x1p40},
                                           {"tb", 0x1p40},
                                           {"tib", 0x1p40}}};

constexpr std::array<Unit, 14> kTimeUnits{{{"", 1000},  // seconds
                                           {"ms", 1},
                                           {"s", 1000},
                                           {"sec", 1000},
                                           {"second", 1000},
                                           {"seconds", 1000},
                                           {"m", 60'000},
                                           {"min", 60'000},
                                           {"h", 3'600'000},
                                           {"hour", 3'600'000},
                                           {"hours", 3'600'000},
                                           {"d", 86'400'000},
                                           {"day", 86'400'000},
                                           {"days", 86'400'000}}};

// A number times a unit of `units`; nullopt for any other text. Signs, inf, nan and hexadecimal numbers are not
// accepted.
template <std::size_t N>
std::optional<double> measure(std::string_view text, const std::array<Unit, N>& units) {
  text = trimmed(text);
  if (text.empty() || !((text.front() >= '0' && text.front() <= '9') || text.front() == '.')) return std::nullopt;
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (problem != std::errc{} || !std::isfinite(number)) return std::nullopt;
  const auto unit = lower(trimmed(text.substr(static_cast<std::size_t>(end - text.data()))));
  for (const auto& candidate : units) {
    if (candidate.name == unit) return number * candidate.factor;
  }
  return std::nullopt;
}

constexpr std::size_t kShownLength = 40;

std::string three_digits(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value);
  std::string text = buffer;
  if (text.find('.') != std::string::npos) {
    while (text.ends_with('0')) text.pop_back();
    if (text.ends_with('.')) text.pop_back();
  }
  return text;
}

}  // namespace

Result<std::int64_t> parse_bytes(std::string_view text) {
  const auto bytes = measure(text, kByteUnits);
  // 2^63 itself is out of range, and a double can represent it exactly.
  if (!bytes || *bytes < 1 || *bytes >= 0x1p63) {
    return fail(ErrorCode::invalid_request,
                quoted(text, kShownLength) +
                    " is not a size: write bytes (1048576) or a number with k, m, g or t (512m, 1.5g, 64MiB)");
  }
  return static_cast<std::int64_t>(*bytes);
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto milliseconds = measure(text, kTimeUnits);
  constexpr double kMaxMilliseconds = 1e15;  // about thirty thousand years: sums with it still fit
  if (!milliseconds || !(*milliseconds > 0) || *milliseconds > kMaxMilliseconds) {
    return fail(
        ErrorCode::invalid_request,
        quoted(text, kShownLength) +
            " is not a duration above 0: write seconds (30, 1.5) or a number with ms, s, m, h or d (500ms, 2m)");
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(*milliseconds)));
}

std::string format_bytes(std::int64_t bytes) {
  constexpr std::array<std::string_view, 5> kNames{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t step = 0;
  // 1023.95 would print as 1024.
  while (value >= (step == 0 ? 1024 : 1023.5) && step + 1 < kNames.size()) {
    value /= 1024;
    ++step;
  }
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, step == 0 || value >= 99.95 ? "%.0f" : "%.1f", value);
  std::string text = buffer;
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text + ' ' + std::string(kNames[step]);
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto ms = duration.count();
  if (ms < 1000) return std::to_string(ms) + " ms";
  if (ms < 60'000) return three_digits(static_cast<double>(ms) / 1000) + " s";
  const auto seconds = ms / 1000;
  if (seconds < 3600) {
    const auto rest = seconds % 60;
    return std::to_string(seconds / 60) + " min" + (rest != 0 ? ' ' + std::to_string(rest) + " s" : "");
  }
  const auto minutes = seconds / 60 % 60;
  return std::to_string(seconds / 3600) + " h" + (minutes != 0 ? ' ' + std::to_string(minutes) + " min" : "");
}

std::int64_t unix_seconds(const std::string& rfc3339, std::int64_t otherwise) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (std::sscanf(rfc3339.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) != 6 ||
      year < 1970)
    return otherwise;
  const auto date = std::chrono::sys_days(std::chrono::year(year) / month / day);
  std::int64_t seconds = date.time_since_epoch().count() * 86'400 + hour * 3600 + minute * 60 + second;
  // "…+09:00": local time ahead of UTC.
  const auto zone = rfc3339.find_first_of("+-", 19);
  int zone_hours = 0, zone_minutes = 0;
  if (zone != std::string::npos && std::sscanf(rfc3339.c_str() + zone + 1, "%2d:%2d", &zone_hours, &zone_minutes) == 2)
    seconds += (rfc3339[zone] == '+' ? -1 : 1) * (zone_hours * 3600 + zone_minutes * 60);
  return seconds;
}

}  // namespace dind
