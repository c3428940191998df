#include "engine/buildkit_trace.hpp"

#include <cstdint>
#include <functional>

namespace dind::engine {
namespace {

// The wire format of protobuf: a varint with field number and type, then a varint, 8 bytes, length and bytes, or 4
// bytes.
bool varint(std::string_view& bytes, std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

// `on_field(number, bytes, value)`: `bytes` is set for a field with a length, `value` for a varint.
bool fields(std::string_view bytes,
            const std::function<void(std::uint64_t, std::string_view, std::uint64_t)>& on_field) {
  while (!bytes.empty()) {
    std::uint64_t key = 0;
    std::uint64_t value = 0;
    if (!varint(bytes, key)) return false;
    std::string_view payload;
    switch (key & 7) {
      case 0:
        if (!varint(bytes, value)) return false;
        break;
      case 1:
      case 5:
        value = (key & 7) == 1 ? 8 : 4;
        if (bytes.size() < value) return false;
        bytes.remove_prefix(value);
        continue;
      case 2:
        if (!varint(bytes, value) || value > bytes.size()) return false;
        payload = bytes.substr(0, value);
        bytes.remove_prefix(value);
        break;
      default:
        return false;
    }
    on_field(key >> 3, payload, value);
  }
  return true;
}

}  // namespace

bool read_buildkit_trace(std::string_view bytes, BuildkitTrace& into) {
  bool good = true;
  const bool whole = fields(bytes, [&](std::uint64_t number, std::string_view message, std::uint64_t) {
    if (number == 1) {
      BuildkitTrace::Vertex vertex;
      good = fields(message,
                    [&](std::uint64_t field, std::string_view text, std::uint64_t value) {
                      if (field == 1) vertex.digest = text;
                      if (field == 3) vertex.name = text;
                      if (field == 4) vertex.cached = value != 0;
                      if (field == 5) vertex.started = true;
                      if (field == 6) vertex.completed = true;
                      if (field == 7) vertex.error = text;
                    }) &&
             good;
      into.vertexes.push_back(std::move(vertex));
    } else if (number == 3) {
      good = fields(message,
                    [&](std::uint64_t field, std::string_view text, std::uint64_t) {
                      if (field == 4) into.logs.emplace_back(text);
                    }) &&
             good;
    }
  });
  return whole && good;
}

}  // namespace dind::engine
