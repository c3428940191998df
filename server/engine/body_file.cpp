#include "engine/body_file.hpp"

#include <unistd.h>

#include <utility>

namespace dind::engine {

BodyFile::~BodyFile() { ::close(fd); }

BodyFile::Length BodyFile::length() const {
  const std::lock_guard lock(mutex_);
  return length_;
}

void BodyFile::grow_to(std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  length_.bytes = bytes;
  if (heard_) heard_();
}

void BodyFile::end(std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  length_ = {.bytes = bytes, .whole = true};
  if (heard_) heard_();
}

void BodyFile::on_change(std::function<void()> heard) {
  const std::lock_guard lock(mutex_);
  heard_ = std::move(heard);
}

}  // namespace dind::engine
