// Cuts a stream of JSON objects (one a line, or one right after another) into objects, whatever way the bytes are
// split. No I/O.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace dind::engine {

class JsonStream {
 public:
  // One object may have at most this many bytes.
  static constexpr std::size_t kObjectLimit = 1 << 20;

  // Calls `on_object` with the text of each object that is whole now. False: this is no stream of objects, or one is
  // too long; then nothing more is read.
  bool feed(std::string_view bytes, const std::function<void(std::string_view)>& on_object);
  // Whether the stream may end here.
  bool complete() const { return !broken_ && text_.empty(); }

 private:
  std::string text_;  // of the object that is open
  int depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool broken_ = false;
};

}  // namespace dind::engine
