// JSON that somebody sent: what is read is what the library reads, and what is refused is refused for a reason that
// holds, with a line of text.
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
    fuzz::require(*read == plain, "what is read is what the library reads");
    fuzz::require(depth_of(*read) <= bounds.depth && values_of(*read) <= bounds.values, "the bounds hold");
    const auto cbor = json::to_cbor(*read);
    fuzz::require(read_cbor({reinterpret_cast<const char*>(cbor.data()), cbor.size()}, bounds) == *read,
                  "the same as CBOR is the same value");
  } else {
    const auto& problem = read.error();
    fuzz::require(fuzz::is_utf8(problem.what) && !problem.what.contains('\n') && problem.what.size() < 400,
                  "what is wrong is one line of text");
    fuzz::require(problem.id.is_null() || problem.id.is_string() || problem.id.is_number_integer(), "an id is one");
    if (problem.fault == JsonFault::not_json)
      fuzz::require(plain.is_discarded() || plain.is_null(), "what is no JSON is none for the library");
    if (problem.fault == JsonFault::too_deep && !plain.is_discarded())
      fuzz::require(depth_of(plain) > bounds.depth, "it is too deep");
  }
  read_cbor(text, bounds);
  return 0;
}
