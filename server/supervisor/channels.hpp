// The channels that the server has declared: which id stands for which stream of the program. Pure.
#pragma once

#include <stddef.h>

namespace dind::supervisor {

// The streams that this supervisor has. A server may not declare any other.
enum class Stream { none, in, out, err };

class Channels {
 public:
  // Null: declared. Otherwise why not, in words for people; valid until the next call.
  const char* declare(unsigned char id, const unsigned char* name, size_t size);
  // `none`: no such channel is declared.
  Stream stream(unsigned char id) const;
  // 0: not declared.
  unsigned char id(Stream stream) const { return ids_[static_cast<int>(stream)]; }
  // Whether every stream of a program has its channel.
  bool complete() const { return id(Stream::in) != 0 && id(Stream::out) != 0 && id(Stream::err) != 0; }

 private:
  unsigned char ids_[4] = {};  // by stream
  char why_[96] = {};
};

}  // namespace dind::supervisor
