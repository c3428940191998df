#include "frontends/handover/frames.hpp"

#include <nlohmann/json.hpp>

#include "support/json_reader.hpp"
#include "wire/event_codec.hpp"
#include "wire/json_text.hpp"
#include "wire/request_fields.hpp"
#include "wire/run_result_codec.hpp"
#include "wire/run_spec_codec.hpp"

namespace dind::frontends::handover {

using nlohmann::json;

std::string frame(Type type, std::string_view payload) {
  std::string bytes(1, static_cast<char>(type));
  bytes.reserve(kHeaderSize + payload.size());
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(payload.size() >> shift & 0xff);
  return bytes.append(payload);
}

std::string number_frame(Type type, std::uint64_t value) {
  std::string payload;
  for (int shift = 56; shift >= 0; shift -= 8) payload += static_cast<char>(value >> shift & 0xff);
  return frame(type, payload);
}

std::optional<std::uint64_t> number_of(std::string_view payload) {
  if (payload.size() != 8) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : payload) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

void Frames::add(std::string_view bytes) {
  buffer_.erase(0, at_);
  at_ = 0;
  buffer_ += bytes;
}

Result<std::optional<Frame>> Frames::next() {
  const auto left = std::string_view(buffer_).substr(at_);
  if (left.size() < kHeaderSize) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 1; i < kHeaderSize; ++i) length = length << 8 | static_cast<unsigned char>(left[i]);
  if (length > kMaxPayload) return fail(ErrorCode::internal, "A frame between two dind-executor processes is too long");
  if (left.size() < kHeaderSize + length) return std::nullopt;
  at_ += kHeaderSize + length;
  return Frame{static_cast<Type>(left.front()), left.substr(kHeaderSize, length)};
}

std::string encode(const RunRequestFrame& request) {
  return cbor_bytes({{"run", run_spec_record(request.spec)}, {"input", request.has_input}});
}

bool decode(std::string_view bytes, RunRequestFrame& into) {
  const auto value = read_cbor(bytes);
  if (!value) return false;
  RequestFields fields(*value, Sender::own_process);
  fields.require("run", "a request");
  const json* run = fields.find("run");
  fields.flag("input", into.has_input);
  if (!fields.end()) return false;
  auto spec = parse_run_spec(*run);
  if (!spec) return false;
  into.spec = *std::move(spec);
  into.spec.terms = Terms::flags;  // the run comes from a terminal
  return true;
}

std::string encode(const StateChange& change) { return cbor_bytes(state_record(change)); }

bool decode(std::string_view bytes, StateChange& into) {
  const auto value = read_cbor(bytes);
  auto change = value ? parse_state(*value) : std::nullopt;
  if (change) into = *std::move(change);
  return change.has_value();
}

std::string encode(const Result<RunResult>& result) { return cbor_bytes(outcome_record(result)); }

bool decode(std::string_view bytes, Result<RunResult>& into) {
  const auto value = read_cbor(bytes);
  auto outcome = value ? parse_outcome(*value) : std::nullopt;
  if (outcome) into = *std::move(outcome);
  return outcome.has_value();
}

}  // namespace dind::frontends::handover
