// Splits a stream of JSON objects (one per line, or without a separator) into objects, wherever the bytes are split. No
// I/O.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace dind::engine {

class JsonStream {
 public:
  // The max size of one object in bytes.
  static constexpr std::size_t kObjectLimit = 1 << 20;

  // Calls `on_object` with the text of each complete object. False: this is not a stream of objects, or an object is
  // too long; then nothing more is read.
  bool feed(std::string_view bytes, const std::function<void(std::string_view)>& on_object);
  // Whether the stream may end here.
  bool complete() const { return !broken_ && text_.empty(); }

 private:
  std::string text_;  // the object that is still open
  int depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool broken_ = false;
};

}  // namespace dind::engine
