#include "supervisor/channels.hpp"

#include <stdio.h>
#include <string.h>

#include "sandbox/supervision/frames.hpp"

namespace dind::supervisor {
namespace {

constexpr struct {
  const char* name;
  Stream stream;
} kStreams[] = {{"stdin", Stream::in}, {"stdout", Stream::out}, {"stderr", Stream::err}};

constexpr size_t kMaxShownName = 40;

}  // namespace

const char* Channels::declare(unsigned char id, const unsigned char* name, size_t size) {
  const auto refuse = [&](const char* why) {
    const int shown = static_cast<int>(size < kMaxShownName ? size : kMaxShownName);
    snprintf(why_, sizeof why_, "the channel \"%.*s\" %s", shown, reinterpret_cast<const char*>(name), why);
    return why_;
  };
  if (id == supervision::kControl) return refuse("has no id");
  for (const auto& each : kStreams) {
    if (strlen(each.name) != size || memcmp(each.name, name, size) != 0) continue;
    unsigned char& declared = ids_[static_cast<int>(each.stream)];
    if (declared != 0 || stream(id) != Stream::none) return refuse("is declared twice");
    declared = id;
    return nullptr;
  }
  return refuse("is not known to this supervisor");
}

Stream Channels::stream(unsigned char id) const {
  for (const auto& each : kStreams)
    if (id != 0 && this->id(each.stream) == id) return each.stream;
  return Stream::none;
}

}  // namespace dind::supervisor
