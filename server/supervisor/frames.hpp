// Splits the server's bytes into frames, inside the buffer into which they were read.
#pragma once

#include <stddef.h>
#include <string.h>

#include "sandbox/supervision/frames.hpp"

namespace dind::supervisor {

struct Frame {
  unsigned char type = 0;
  const unsigned char* payload = nullptr;
  size_t size = 0;
};

class FrameBuffer {
 public:
  enum class Next { frame, more, too_long };

  // Where the next bytes go. After each `more` there is free space.
  unsigned char* room() { return bytes_ + end_; }
  size_t free_size() const { return sizeof bytes_ - end_; }
  void added(size_t size) { end_ += size; }

  // The next frame; valid until more bytes are added.
  Next next(Frame& frame) {
    const size_t have = end_ - at_;
    const size_t length = have < supervision::kHeaderSize ? 0 : supervision::get_u32(bytes_ + at_ + 4);
    if (length > supervision::kMaxPayload) return Next::too_long;
    if (have < supervision::kHeaderSize + length) {
      memmove(bytes_, bytes_ + at_, have);
      at_ = 0;
      end_ = have;
      return Next::more;
    }
    frame = {bytes_[at_], bytes_ + at_ + supervision::kHeaderSize, length};
    at_ += supervision::kHeaderSize + length;
    return Next::frame;
  }

 private:
  unsigned char bytes_[supervision::kHeaderSize + supervision::kMaxPayload];
  size_t at_ = 0;
  size_t end_ = 0;
};

}  // namespace dind::supervisor
