// Reads JSON and CBOR from other programs: strictly, and with bounds on time and memory. No I/O.
//
// Time and memory grow linearly with the size of the text, and nesting does not use the stack. A duplicate key in one
// object is refused: the later value would silently replace the first.
#pragma once

#include <cstddef>
#include <expected>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace dind {

struct JsonBounds {
  std::size_t depth = 64;        // of nested arrays and objects
  std::size_t values = 200'000;  // in total: a value takes up to 50 times its bytes in memory
  bool comments = false;         // whether // and /* */ are allowed
};

enum class JsonFault { not_json, number_too_large, too_deep, too_many_values, duplicate_key };

struct JsonProblem {
  JsonFault fault = JsonFault::not_json;
  std::string what;   // one line that follows a subject: `has the duplicate key "timeout"`
  nlohmann::json id;  // the field "id" of the outermost object if it is a short string or an integer; else null
};

std::expected<nlohmann::json, JsonProblem> read_json(std::string_view text, const JsonBounds& bounds = {});

// nullopt: it is not CBOR, or it exceeds a bound.
std::optional<nlohmann::json> read_cbor(std::string_view bytes, const JsonBounds& bounds = {.values = 1'000'000});

}  // namespace dind
