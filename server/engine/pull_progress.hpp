// Reads the stream of POST /images/create: progress of layers, and errors inside a 200 reply. No I/O.
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
  // Takes the next bytes. Calls `on_progress` if there is news for a person: a new stage, or a higher percentage.
  // False: these are not progress lines.
  bool feed(std::string_view bytes, const std::function<void(const PullProgress&)>& on_progress);
  // The engine's own text if the pull failed.
  const std::optional<std::string>& error() const { return error_; }
  // Bytes of the layers whose size is known so far, compressed as in the registry. Layers that the engine has are not
  // counted.
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
