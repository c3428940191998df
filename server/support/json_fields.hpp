// Reads fields of JSON from other programs leniently: a missing field, or one of another type, counts as not given.
//
// For replies of engines and messages of editors, which may have more and other fields than we know. What a caller asks
// for is read strictly (json_reader.hpp checks the text).
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dind::lenient {

using Json = nlohmann::json;

// Null if there is no such field. `path` is a name or several: "textDocument/uri".
const Json& field(const Json& object, std::string_view path);

// nullopt: not given.
std::optional<std::string> find_text(const Json& object, std::string_view path);
std::optional<std::int64_t> find_integer(const Json& object, std::string_view path);
std::optional<bool> find_flag(const Json& object, std::string_view path);

// A default in place of what is not given.
std::string text(const Json& value);
std::string text(const Json& object, std::string_view path);
bool flag(const Json& object, std::string_view path, bool otherwise = false);
// The whole part of a number. A number outside of 64 bits counts as not given: its conversion would be undefined.
std::int64_t number(const Json& object, std::string_view path, std::int64_t otherwise = 0);
std::vector<std::string> texts(const Json& object, std::string_view path);
std::map<std::string, std::string> text_map(const Json& object, std::string_view path);
// ["K=V", "K"] → {K: V, K: ""}
std::map<std::string, std::string> environment(const Json& object, std::string_view path);

}  // namespace dind::lenient
