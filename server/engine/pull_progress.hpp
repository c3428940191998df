// Reads what POST /images/create streams: progress lines of layers, and errors that come inside of a 200. No I/O.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/json_stream.hpp"
#include "engine/types.hpp"

namespace dind::engine {

class PullReader {
 public:
  // Takes the next bytes, and calls `on_progress` where something changed for a person: a new stage, a percent more.
  // False: these aren't progress lines.
  bool feed(std::string_view bytes, const std::function<void(const PullProgress&)>& on_progress);
  // The engine's own text, where the pull failed.
  const std::optional<std::string>& error() const { return error_; }
  // Of the layers whose size is known by now, as the registry has them (compressed), without layers that the engine
  // has.
  std::int64_t bytes() const;
  // Whether the stream may end here.
  bool complete() const { return stream_.complete(); }

 private:
  struct Layer {
    std::int64_t total = 0;
    double downloaded = 0;  // 0 to 1
    double extracted = 0;
  };
  void take_line(std::string_view line, const std::function<void(const PullProgress&)>& on_progress);
  bool take_layer(const std::string& id, const std::string& status, std::int64_t current, std::int64_t total);
  int percent() const;

  JsonStream stream_;
  std::map<std::string, Layer> layers_;
  std::optional<int> shown_percent_;
  std::string shown_message_;
  std::optional<std::string> error_;
};

}  // namespace dind::engine
