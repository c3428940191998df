// The frames between a process that wants one run and the server that runs it: a type, a length (4 bytes, big-endian)
// and a payload. Both are the same program, started by the same user. Values are CBOR.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dind/cancel_reason.hpp"
#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "dind/run_spec.hpp"

namespace dind::frontends::handover {

inline constexpr std::size_t kHeaderSize = 5;
inline constexpr std::size_t kMaxPayload = 40U << 20;  // bytes; a program of 16 MiB and its other data

enum class Type : char {
  // From the process that wants the run.
  run = 'R',     // the request, sent once
  input = 'I',   // bytes of stdin after `more`; empty: stdin has ended
  taken = 'W',   // u64: number of bytes of output that were written
  cancel = 'C',  // the name of a reason
  // From the server.
  hello = 'H',  // the server has time for this client
  more = 'N',   // the run takes input: send some
  state = 'S',  // queued, preparing, started
  out = 'o',
  err = 'e',   // bytes of the program
  end = 'X',   // result or error; the last frame
  back = 'B',  // replaces `end` if the server ends and the run has not begun
};

std::string frame(Type type, std::string_view payload);
std::string number_frame(Type type, std::uint64_t value);
std::optional<std::uint64_t> number_of(std::string_view payload);

struct Frame {
  Type type;
  std::string_view payload;  // in the reader's buffer; valid until the next call
};

// Splits a stream of bytes into frames.
class Frames {
 public:
  void add(std::string_view bytes);
  // nullopt: more bytes are needed. Error (internal): not this protocol.
  Result<std::optional<Frame>> next();

 private:
  std::string buffer_;
  std::size_t at_ = 0;
};

struct RunRequestFrame {
  RunSpec spec;
  bool has_input = false;
};
std::string encode(const RunRequestFrame& request);
bool decode(std::string_view bytes, RunRequestFrame& into);
std::string encode(const StateChange& change);
bool decode(std::string_view bytes, StateChange& into);
std::string encode(const Result<RunResult>& result);
bool decode(std::string_view bytes, Result<RunResult>& into);

}  // namespace dind::frontends::handover
