// Reads what POST /build streams, the classic builder's lines and BuildKit's: what happens, for people, the image's ID,
// and the failure that comes inside of a 200. No I/O.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "engine/json_stream.hpp"
#include "engine/types.hpp"

namespace dind::engine {

// The exit code of a step's command, where BuildKit's words tell it; 0: they don't.
int steps_exit_code(std::string_view message);

class BuildReader {
 public:
  // Takes the next bytes, and calls `on_line` for each line of it: a step that begins, or a line of a step's output.
  // False: this is no stream of a build's.
  bool feed(std::string_view bytes, const std::function<void(const BuildLine&)>& on_line);
  const std::string& image_id() const { return image_id_; }  // empty: not built (yet)
  const std::optional<BuildFailure>& failure() const { return failure_; }
  bool complete() const { return stream_.complete(); }

 private:
  using OnLine = std::function<void(const BuildLine&)>;
  void take(std::string_view object, const OnLine& on_line);
  void take_text(std::string_view text, const OnLine& on_line);
  void take_trace(std::string_view base64, const OnLine& on_line);
  void flush(const OnLine& on_line);

  JsonStream stream_;
  std::string partial_;        // of a line of output
  bool in_long_line_ = false;  // pieces of it were passed on
  std::string image_id_;
  std::set<std::string> announced_;  // steps of BuildKit's that have begun
  std::optional<BuildFailure> failure_;
};

}  // namespace dind::engine
