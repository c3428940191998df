// What a process that wants one run and the server that runs it say to each other: frames of a type, a length (four
// bytes, big-endian) and a payload. Both are the same program, started by the same user; values are CBOR.
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
inline constexpr std::size_t kMaxPayload = 40U << 20;  // a program of 16 MiB and all that goes with it

enum class Type : char {
  // from whoever wants the run
  run = 'R',     // once: what is asked for
  input = 'I',   // bytes of stdin, asked for by `more`; empty: its end
  taken = 'W',   // u64: that many bytes of output went out
  cancel = 'C',  // the name of a reason
  // from the server
  hello = 'H',  // it has time for this client
  more = 'N',   // the run takes input: send some
  state = 'S',  // queued, preparing, started
  out = 'o',
  err = 'e',   // bytes of the program
  end = 'X',   // result or error; the last frame
  back = 'B',  // in place of it, from a server that ends: the run has not begun
};

std::string frame(Type type, std::string_view payload);
std::string number_frame(Type type, std::uint64_t value);
std::optional<std::uint64_t> number_of(std::string_view payload);

struct Frame {
  Type type;
  std::string_view payload;  // in the reader's buffer, until the next call
};

// Takes a stream of bytes apart.
class Frames {
 public:
  void add(std::string_view bytes);
  // nullopt: more bytes are needed. Error (internal): not this protocol.
  Result<std::optional<Frame>> next();

 private:
  std::string buffer_;
  std::size_t at_ = 0;
};

struct Wanted {
  RunSpec spec;
  bool has_input = false;
};
std::string encode(const Wanted& wanted);
bool decode(std::string_view bytes, Wanted& into);
std::string encode(const StateChange& change);
bool decode(std::string_view bytes, StateChange& into);
std::string encode(const Result<RunResult>& result);
bool decode(std::string_view bytes, Result<RunResult>& into);

}  // namespace dind::frontends::handover
