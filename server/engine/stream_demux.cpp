#include "engine/stream_demux.hpp"

#include <algorithm>

namespace dind::engine {

Result<bool> StreamDemux::next(std::string_view& input, Chunk& chunk) {
  while (!input.empty()) {
    if (left_ == 0) {
      const auto take = std::min(header_.size() - header_size_, input.size());
      std::copy_n(input.begin(), take, header_.begin() + header_size_);
      header_size_ += take;
      input.remove_prefix(take);
      if (header_size_ < header_.size()) return false;
      // 3 is the error text of newer engines.
      if (header_[0] > 3 || header_[1] != 0 || header_[2] != 0 || header_[3] != 0)
        return fail(ErrorCode::engine_error, "The engine's output stream is broken: the header of a chunk is invalid.");
      left_ = std::uint32_t{header_[4]} << 24 | std::uint32_t{header_[5]} << 16 | std::uint32_t{header_[6]} << 8 |
              header_[7];
      header_size_ = 0;
      continue;  // an empty chunk is skipped
    }
    const auto take = std::min<std::size_t>(left_, input.size());
    chunk = {header_[0], input.substr(0, take)};
    input.remove_prefix(take);
    left_ -= static_cast<std::uint32_t>(take);
    return true;
  }
  return false;
}

}  // namespace dind::engine
