#include "support/json_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "support/text/shortened.hpp"

namespace dind {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxIdLength = 1024;
constexpr std::size_t kMaxShownLength = 80;  // of a key or a number in a message

// "200000" → "200,000"
std::string grouped(std::size_t number) {
  std::string text = std::to_string(number);
  for (auto at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

// Whether `name` is a token name of the library, such as "end of input" or "'['". If the same words ("'; expected ")
// come from the text itself, the rest ends with the quote that the library adds.
constexpr std::string_view kExpected = "'; expected ";
bool is_name_of_token(std::string_view name) {
  constexpr std::string_view kSigns[] = {"'['", "'{'", "']'", "'}'", "':'", "','"};
  return !name.empty() && (name.back() != '\'' || std::ranges::find(kSigns, name) != std::end(kSigns));
}

// The library's reason without its quotation of the text, which may be long or a secret.
std::string parser_reason(const json::exception& e) {
  std::string what = e.what();
  if (const auto id = what.find("] "); id != std::string::npos) what.erase(0, id + 2);
  constexpr std::string_view kPlace = "parse error at ";
  if (what.starts_with(kPlace)) what.erase(0, kPlace.size());
  if (const auto quoted = what.find("; last read: '"); quoted != std::string::npos) {
    const auto expected = what.rfind(kExpected);
    const bool told = expected != std::string::npos && expected > quoted &&
                      is_name_of_token(std::string_view(what).substr(expected + kExpected.size()));
    what.erase(quoted, (told ? expected + 1 : what.size()) - quoted);
  }
  return what;
}

// `text` with null in place of every number that may be too large. Then the text after the first one can be read.
std::string without_large_numbers(std::string_view text) {
  constexpr std::size_t kMaxIntegerLength = 20;  // of 64 bits
  std::string out;
  out.reserve(text.size());
  bool quoted = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (!quoted && (c == '-' || (c >= '0' && c <= '9'))) {
      const auto end = std::min(text.find_first_not_of("+-.0123456789eE", at), text.size());
      const auto number = text.substr(at, end - at);
      out += number.size() > kMaxIntegerLength || number.find_first_of("eE") != number.npos ? "null" : number;
      at = end;
      continue;
    }
    if (c == '"') quoted = !quoted;
    const std::size_t length = quoted && c == '\\' && at + 1 < text.size() ? 2 : 1;
    out += text.substr(at, length);
    at += length;
  }
  return out;
}

// Builds the value from the parser's calls (interface of nlohmann's SAX parser, whose text parser does not recurse).
class TreeBuilder {
 public:
  // `go_on`: after a problem the parser still reads the rest, for the id of the request.
  TreeBuilder(const JsonBounds& bounds, bool go_on) : bounds_(bounds), go_on_(go_on) {}

  // Reads no more than the id: there is a problem already.
  void look_for_id() { refuse(JsonFault::number_too_large, {}); }
  // The parser has stopped at a number that is too large: what follows is not read.
  bool stopped_at_number() const { return stopped_at_number_; }
  json take() { return std::move(root_); }
  std::optional<JsonProblem> problem() {
    if (problem_ && ids_ == 1) problem_->id = std::move(id_);
    return std::move(problem_);
  }

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(std::int64_t value) { return put(value); }
  bool number_unsigned(std::uint64_t value) { return put(value); }
  bool number_float(double value, const std::string& /*text*/) { return put(value); }
  bool string(std::string& value) { return put(std::move(value)); }
  bool binary(json::binary_t& value) { return put(std::move(value)); }
  bool start_object(std::size_t /*elements*/) { return open(json::value_t::object); }
  bool start_array(std::size_t /*elements*/) { return open(json::value_t::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    const bool outermost = depth_ == 1 && of_object_;
    at_id_ = outermost && name == "id";
    if (at_id_) ++ids_;
    if (problem_) return go_on_;
    const auto [at, first] = open_.back()->get_ref<json::object_t&>().emplace(std::move(name), nullptr);
    slot_ = &at->second;
    if (first) return true;
    return refuse(JsonFault::duplicate_key,
                  "has the duplicate key " +
                      json(shortened(at->first, kMaxShownLength)).dump(-1, ' ', false, json::error_handler_t::replace));
  }

  bool parse_error(std::size_t /*position*/, const std::string& token, const json::exception& e) {
    constexpr int kNumberOverflow = 406;
    stopped_at_number_ = e.id == kNumberOverflow;
    if (stopped_at_number_)
      refuse(JsonFault::number_too_large, "has a number that is too large: " + shortened(token, kMaxShownLength));
    else
      refuse(JsonFault::not_json, "is not JSON in UTF-8 (" + parser_reason(e) + ')');
    return false;
  }

 private:
  bool refuse(JsonFault fault, std::string what) {
    if (problem_) return go_on_;
    open_.clear();
    root_ = nullptr;
    problem_ = JsonProblem{.fault = fault, .what = std::move(what), .id = nullptr};
    return go_on_;
  }

  // Adds a value at the current position. Null: there was a problem.
  json* add(json&& value) {
    if (std::exchange(at_id_, false) && depth_ == 1 &&
        (value.is_number_integer() ||
         (value.is_string() && value.get_ref<const std::string&>().size() <= kMaxIdLength)))
      id_ = value;
    if (problem_) return nullptr;
    if (++values_ > bounds_.values) {
      refuse(JsonFault::too_many_values, "has more than " + grouped(bounds_.values) + " values");
      return nullptr;
    }
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_object()) return &(*slot_ = std::move(value));
    auto& list = open_.back()->get_ref<json::array_t&>();
    list.push_back(std::move(value));
    return &list.back();
  }

  bool put(json&& value) { return add(std::move(value)) != nullptr || go_on_; }

  bool open(json::value_t kind) {
    json* made = add(json(kind));
    if (depth_++ == 0) of_object_ = kind == json::value_t::object;
    if (made == nullptr) return go_on_;
    if (depth_ > bounds_.depth)
      return refuse(JsonFault::too_deep, "is nested more than " + std::to_string(bounds_.depth) + " levels deep");
    open_.push_back(made);
    return true;
  }

  bool close() {
    --depth_;
    if (!problem_) open_.pop_back();
    return !problem_ || go_on_;
  }

  const JsonBounds bounds_;
  const bool go_on_;
  json root_;
  std::vector<json*> open_;  // the arrays and objects that are still open, outermost first
  json* slot_ = nullptr;     // of the last key
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
  std::optional<JsonProblem> problem_;
  bool stopped_at_number_ = false;
  bool of_object_ = false;  // the outermost value is an object
  bool at_id_ = false;      // its key "id" was read, but not yet the value
  std::size_t ids_ = 0;
  json id_;
};

json id_beside_large_numbers(std::string_view text, const JsonBounds& bounds) {
  TreeBuilder builder(bounds, true);
  builder.look_for_id();
  json::sax_parse(without_large_numbers(text), &builder);
  return builder.problem()->id;
}

}  // namespace

std::expected<json, JsonProblem> read_json(std::string_view text, const JsonBounds& bounds) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return std::unexpected(JsonProblem{.fault = JsonFault::not_json, .what = "is empty", .id = nullptr});
  TreeBuilder builder(bounds, true);
  json::sax_parse(text.begin(), text.end(), &builder, json::input_format_t::json, true, bounds.comments);
  if (auto problem = builder.problem()) {
    if (builder.stopped_at_number() && !bounds.comments) problem->id = id_beside_large_numbers(text, bounds);
    return std::unexpected(std::move(*problem));
  }
  return builder.take();
}

std::optional<json> read_cbor(std::string_view bytes, const JsonBounds& bounds) {
  TreeBuilder builder(bounds, false);
  const bool whole = json::sax_parse(bytes.begin(), bytes.end(), &builder, json::input_format_t::cbor);
  if (!whole || builder.problem()) return std::nullopt;
  return builder.take();
}

}  // namespace dind
