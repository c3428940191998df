#include "engine/json_stream.hpp"

namespace dind::engine {

bool JsonStream::feed(std::string_view bytes, const std::function<void(std::string_view)>& on_object) {
  for (const char c : bytes) {
    if (broken_) return false;
    if (depth_ == 0) {
      if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
      if (c != '{') {
        broken_ = true;
        return false;
      }
    }
    text_ += c;
    if (text_.size() > kObjectLimit) {
      broken_ = true;
      return false;
    }
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if (c == '}' || c == ']') {
      if (--depth_ == 0) {
        on_object(text_);
        text_.clear();
      }
    }
  }
  return !broken_;
}

}  // namespace dind::engine
