// JSON from other programs: an accepted text gives the same value as in the library. A refusal has a true reason, in
// one line of text.
#include "support/json_reader.hpp"

#include "fuzz.hpp"

using namespace dind;
using nlohmann::json;

namespace {

std::size_t depth_of(const json& value) {
  std::size_t deepest = 0;
  if (value.is_structured())
    for (const auto& each : value) deepest = std::max(deepest, depth_of(each));
  return deepest + (value.is_structured() ? 1 : 0);
}
std::size_t values_of(const json& value) {
  std::size_t count = 1;
  if (value.is_structured())
    for (const auto& each : value) count += values_of(each);
  return count;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  const JsonBounds bounds{.depth = input.ConsumeIntegralInRange<std::size_t>(1, 64),
                          .values = input.ConsumeIntegralInRange<std::size_t>(1, 1000),
                          .comments = input.ConsumeBool()};
  const std::string text = input.ConsumeRemainingBytesAsString();
  const auto read = read_json(text, bounds);
  const auto plain = json::parse(text, nullptr, false, bounds.comments);
  if (read) {
    fuzz::require(*read == plain, "the value equals the library's value");
    fuzz::require(depth_of(*read) <= bounds.depth && values_of(*read) <= bounds.values,
                  "the value is within the bounds");
    const auto cbor = json::to_cbor(*read);
    fuzz::require(read_cbor({reinterpret_cast<const char*>(cbor.data()), cbor.size()}, bounds) == *read,
                  "the value is the same after CBOR");
  } else {
    const auto& problem = read.error();
    fuzz::require(fuzz::is_utf8(problem.what) && !problem.what.contains('\n') && problem.what.size() < 400,
                  "a problem is one short line of text");
    fuzz::require(problem.id.is_null() || problem.id.is_string() || problem.id.is_number_integer(),
                  "an id is null, a string or an integer");
    if (problem.fault == JsonFault::not_json)
      fuzz::require(plain.is_discarded() || plain.is_null(), "the library reads no value either");
    if (problem.fault == JsonFault::too_deep && !plain.is_discarded())
      fuzz::require(depth_of(plain) > bounds.depth, "the refused value is too deep");
  }
  read_cbor(text, bounds);
  return 0;
}
