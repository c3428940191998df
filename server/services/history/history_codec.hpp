// Encodes and decodes parts of a history record as CBOR. Unlike JSON, CBOR keeps every byte of a text.
#pragma once

#include <string>
#include <string_view>

#include "services/history/history.hpp"

namespace dind {

// What was requested: spec, withheld names, gap. The program's text is left out, because it has its own column.
std::string encode_asked(const HistoryRecord& record);
std::string encode_started(const HistoryStarted& started);
// The result or the error, without the output.
std::string encode_end(const HistoryEnd& end);

// False: the bytes are not such an encoding.
bool decode_asked(std::string_view bytes, HistoryRecord& into);
bool decode_started(std::string_view bytes, HistoryStarted& into);
bool decode_end(std::string_view bytes, HistoryEnd& into);

}  // namespace dind
