#include "frontends/handover/frames.hpp"

#include <nlohmann/json.hpp>

#include "services/history/history_codec.hpp"
#include "support/json_reader.hpp"

namespace dind::frontends::handover {
namespace {

using nlohmann::json;

std::string bytes_of(const json& value) {
  const auto cbor = json::to_cbor(value);
  return {cbor.begin(), cbor.end()};
}
json binary(std::string_view bytes) { return json::binary({bytes.begin(), bytes.end()}); }
std::string text_of(const json& value) {
  const auto& bytes = value.get_binary();
  return {bytes.begin(), bytes.end()};
}

// False if `bytes` are wrong. The JSON library then throws, or `read` returns false.
template <typename Read>
bool decoded(std::string_view bytes, Read read) {
  try {
    const auto value = read_cbor(bytes);
    return value && read(*value);
  } catch (const json::exception&) {
    return false;
  }
}

std::optional<Stage> stage_of(std::string_view text) {
  for (const auto each :
       {Stage::queue, Stage::image, Stage::dependencies, Stage::build, Stage::container, Stage::program})
    if (to_string(each) == text) return each;
  return std::nullopt;
}

}  // namespace

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
  HistoryRecord record;
  record.spec = request.spec;
  json value{{"asked", binary(encode_asked(record))}, {"input", request.has_input}, {"notes", request.spec.notes}};
  if (const auto* source = std::get_if<SourceProgram>(&request.spec.program)) value["text"] = binary(source->text);
  if (request.spec.run_id) value["id"] = *request.spec.run_id;
  return bytes_of(value);
}

bool decode(std::string_view bytes, RunRequestFrame& into) {
  return decoded(bytes, [&](const json& value) {
    HistoryRecord record;
    if (!decode_asked(text_of(value.at("asked")), record)) return false;
    into.spec = std::move(record.spec);
    into.has_input = value.at("input").get<bool>();
    into.spec.notes = value.at("notes").get<std::vector<std::string>>();
    into.spec.terms = Terms::flags;  // the run comes from a terminal
    if (value.contains("id")) into.spec.run_id = value.at("id").get<std::string>();
    if (auto* source = std::get_if<SourceProgram>(&into.spec.program)) source->text = text_of(value.at("text"));
    return true;
  });
}

std::string encode(const StateChange& change) {
  if (const auto* queued = std::get_if<Queued>(&change)) return bytes_of({{"queued", queued->position}});
  if (const auto* preparing = std::get_if<Preparing>(&change)) {
    json value{{"stage", to_string(preparing->stage)}, {"message", binary(preparing->message)}};
    if (preparing->percent) value["percent"] = *preparing->percent;
    return bytes_of(value);
  }
  const auto& started = std::get<Started>(change);
  return bytes_of({{"started", binary(encode_started({.name = started.name,
                                                      .language = started.language,
                                                      .image = started.image,
                                                      .limits = started.limits,
                                                      .network = started.network}))},
                   {"id", started.run_id},
                   {"isolation", started.isolation},
                   {"notes", started.notes}});
}

bool decode(std::string_view bytes, StateChange& into) {
  return decoded(bytes, [&](const json& value) {
    if (value.contains("queued")) {
      into = Queued{value.at("queued").get<std::size_t>()};
      return true;
    }
    if (value.contains("stage")) {
      const auto stage = stage_of(value.at("stage").get_ref<const std::string&>());
      Preparing preparing{
          .stage = stage.value_or(Stage::container), .message = text_of(value.at("message")), .percent = {}};
      if (value.contains("percent")) preparing.percent = value.at("percent").get<int>();
      into = std::move(preparing);
      return stage.has_value();
    }
    HistoryStarted kept;
    if (!decode_started(text_of(value.at("started")), kept)) return false;
    into = Started{.run_id = value.at("id").get<std::string>(),
                   .name = std::move(kept.name),
                   .language = std::move(kept.language),
                   .image = std::move(kept.image),
                   .isolation = value.at("isolation").get<std::string>(),
                   .limits = kept.limits,
                   .network = kept.network,
                   .notes = value.at("notes").get<std::vector<std::string>>()};
    return true;
  });
}

std::string encode(const Result<RunResult>& result) {
  HistoryEnd end;
  if (result)
    end.result = *result;
  else
    end.error = result.error();
  return encode_end(end);
}

bool decode(std::string_view bytes, Result<RunResult>& into) {
  HistoryEnd end;
  if (!decode_end(bytes, end)) return false;
  if (end.result)
    into = std::move(*end.result);
  else if (end.error)
    into = std::unexpected(std::move(*end.error));
  return end.result || end.error;
}

}  // namespace dind::frontends::handover
