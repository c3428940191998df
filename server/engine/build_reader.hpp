// Reads the stream of POST /build, from the classic builder or from BuildKit: progress for people, the image's ID, and
// a failure inside a 200 reply. No I/O.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "engine/json_stream.hpp"
#include "engine/types.hpp"

namespace dind::engine {

// The exit code of a step's command, if BuildKit's text contains it; else 0.
int steps_exit_code(std::string_view message);

class BuildReader {
 public:
  // Takes the next bytes, and calls `on_line` for each line: the start of a step, or a line of its output. False: this
  // is not the stream of a build.
  bool feed(std::string_view bytes, const std::function<void(const BuildLine&)>& on_line);
  const std::string& image_id() const { return image_id_; }  // empty: not built, or not yet
  const std::optional<BuildFailure>& failure() const { return failure_; }
  bool complete() const { return stream_.complete(); }

 private:
  using OnLine = std::function<void(const BuildLine&)>;
  void take(std::string_view object, const OnLine& on_line);
  void take_text(std::string_view text, const OnLine& on_line);
  void take_trace(std::string_view base64, const OnLine& on_line);
  void flush(const OnLine& on_line);

  JsonStream stream_;
  std::string partial_;        // an incomplete line of output
  bool in_long_line_ = false;  // pieces of the present line were passed on already
  std::string image_id_;
  std::set<std::string> announced_;  // digests of BuildKit's steps that have begun
  std::optional<BuildFailure> failure_;
};

}  // namespace dind::engine
