// Bytes in JSON texts.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace dind {

// Writes `value` as one line for every reader. U+0085, U+2028 and U+2029, which end a line for some readers, are
// escaped. Bytes that are not UTF-8 become U+FFFD.
std::string one_line(const nlohmann::json& value);

// The same values as CBOR, which keeps every byte of a text. Read it with read_cbor (support/json_reader.hpp).
std::string cbor_bytes(const nlohmann::json& value);

}  // namespace dind
