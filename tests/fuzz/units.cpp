// Sizes and durations: an accepted value is in range, and a printed value is read as about the same value.
#include "support/units.hpp"

#include <cmath>

#include "fuzz.hpp"

using namespace dind;

namespace {

bool about(double a, double b) { return std::abs(a - b) <= 0.06 * std::max(std::abs(a), std::abs(b)) + 1; }

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto size_of = parse_bytes(text);
  if (!size_of && fuzz::is_utf8(text)) fuzz::require(fuzz::is_utf8(size_of.error().message), "an error is UTF-8");
  if (const auto& bytes = size_of) {
    fuzz::require(*bytes > 0, "a size is above 0");
    const auto shown = std::min(*bytes, INT64_MAX / 2);  // a value that rounds up to 2^63 is not a size
    const auto again = parse_bytes(format_bytes(shown));
    fuzz::require(again && about(static_cast<double>(*again), static_cast<double>(shown)),
                  "a printed size can be read");
    fuzz::require(parse_bytes(std::to_string(*bytes)).has_value(), "a number of bytes is a size");
  }
  if (const auto duration = parse_duration(text)) {
    fuzz::require(duration->count() > 0 && duration->count() <= 1'000'000'000'000'000, "a duration is in range");
    const auto printed = format_duration(*duration);
    if (duration->count() < 60'000) {
      const auto again = parse_duration(printed);
      fuzz::require(again && about(static_cast<double>(again->count()), static_cast<double>(duration->count())),
                    "a printed duration is read as about the same duration");
    }
  }
  FuzzedDataProvider input(data, size);
  fuzz::require(!format_bytes(input.ConsumeIntegral<std::int64_t>()).empty(), "any number of bytes can be printed");
  fuzz::require(!format_duration(std::chrono::milliseconds(input.ConsumeIntegral<std::int64_t>())).empty(),
                "any duration can be printed");
  return 0;
}
