// Splits the server's bytes into frames, inside the buffer into which they were read.
#pragma once

#include <stddef.h>
#include <string.h>

#include "sandbox/supervision/frames.hpp"

namespace dind::supervisor {

struct Frame {
  unsigned char type = 0;
  unsigned char channel = 0;
  const unsigned char* payload = nullptr;
  size_t size = 0;
};

class FrameBuffer {
 public:
  enum class Next { frame, more, too_long };

  // Where the next bytes go. After each `more` there is free space.
  unsigned char* free_space() { return bytes_ + end_; }
  size_t free_size() const { return sizeof bytes_ - end_; }
  void added(size_t size) { end_ += size; }

  // The next frame; valid until more bytes are added.
  Next next(Frame& frame) {
    const size_t have = end_ - at_;
    const bool complete = have >= supervision::kHeaderSize;
    const auto header = complete ? supervision::get_header(bytes_ + at_) : supervision::Header();
    const size_t length = header.length;
    if (length > supervision::kMaxPayload) return Next::too_long;
    if (!complete || have < supervision::kHeaderSize + length) {
      memmove(bytes_, bytes_ + at_, have);
      at_ = 0;
      end_ = have;
      return Next::more;
    }
    frame = {header.type, header.channel, bytes_ + at_ + supervision::kHeaderSize, length};
    at_ += supervision::kHeaderSize + length;
    return Next::frame;
  }

 private:
  unsigned char bytes_[supervision::kHeaderSize + supervision::kMaxPayload];
  size_t at_ = 0;
  size_t end_ = 0;
};

}  // namespace dind::supervisor
