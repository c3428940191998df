// Parts of a history record as CBOR, which unlike JSON keeps every byte of a text.
#pragma once

#include <string>
#include <string_view>

#include "services/history.hpp"

namespace dind {

// What is asked for: spec, withheld names, gap. The program's text is left out: it has a column of its own.
std::string encode_asked(const HistoryRecord& record);
std::string encode_started(const HistoryStarted& started);
// Result or error. The output is left out.
std::string encode_end(const HistoryEnd& end);

// False: the bytes are none of ours.
bool decode_asked(std::string_view bytes, HistoryRecord& into);
bool decode_started(std::string_view bytes, HistoryStarted& into);
bool decode_end(std::string_view bytes, HistoryEnd& into);

}  // namespace dind
