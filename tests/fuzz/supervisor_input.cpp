// The supervisor's input: any frames, in pieces of any size, and the job in them.
#include <cstdlib>
#include <cstring>
#include <memory>

#include "fuzz.hpp"
#include "sandbox/supervision/frames.hpp"
#include "supervisor/channels.hpp"
#include "supervisor/frame_buffer.hpp"
#include "supervisor/job.hpp"

using namespace dind;

namespace {

std::string text_of(char** list) {
  std::string text;
  for (; *list != nullptr; ++list) text.append(*list).append(1, '\0');
  return text;
}

// Reads frames as main.cpp does, but without their effects on the sandbox.
std::string hear(std::string_view bytes, std::uint32_t how) {
  const auto memory = std::make_unique_for_overwrite<supervisor::FrameBuffer>();
  supervisor::FrameBuffer& buffer = *memory;
  supervisor::forget_job();
  std::string heard;
  bool broken = false;
  supervisor::Channels channels;
  const auto job = [&] {
    supervisor::Job cut;
    if (supervisor::cut_job(cut)) {
      heard += "job " + std::to_string(cut.deadline_ms) + ' ' + std::to_string(cut.output_cap) + ' ' +
               std::to_string(cut.output_window) + cut.cwd + text_of(cut.argv) + text_of(cut.env) + ";";
      char* container[] = {const_cast<char*>("PATH=/bin"), const_cast<char*>("HOME="), nullptr};
      char** merged = supervisor::merged_environment(container, cut.env);
      heard += text_of(merged);
      std::free(merged);
    } else {
      heard += "no job;";
    }
    std::free(cut.argv);
    std::free(cut.env);
    broken = true;  // a supervisor cuts only one job
  };
  fuzz::in_pieces(bytes, how, [&](std::string_view piece) {
    while (!piece.empty() && !broken) {
      fuzz::require(buffer.free_size() > 0, "the buffer always has free space");
      const auto taken = std::min(piece.size(), buffer.free_size());
      std::memcpy(buffer.free_space(), piece.data(), taken);
      buffer.added(taken);
      piece.remove_prefix(taken);
      supervisor::Frame frame{};
      supervisor::FrameBuffer::Next next;
      while (!broken && (next = buffer.next(frame)) == supervisor::FrameBuffer::Next::frame) {
        fuzz::require(frame.size <= supervision::kMaxPayload, "a payload does not exceed its max size");
        heard += static_cast<char>(frame.type);
        heard += static_cast<char>(frame.channel);
        if (frame.type == supervision::kDeclare) {
          const auto before = channels.stream(frame.channel);
          const char* why = channels.declare(frame.channel, frame.payload, frame.size);
          heard += why == nullptr ? "declared" : why;
          fuzz::require(why == nullptr ? before == supervisor::Stream::none &&
                                             channels.id(channels.stream(frame.channel)) == frame.channel
                                       : channels.stream(frame.channel) == before,
                        "a channel is declared only once, and has its id after that");
        }
        heard.append(reinterpret_cast<const char*>(frame.payload), frame.size);
        if (frame.type == supervision::kJobData && !supervisor::gather_job(frame.payload, frame.size)) broken = true;
        if (frame.type == supervision::kStart) job();
      }
      if (!broken && next == supervisor::FrameBuffer::Next::too_long) {
        heard += "too long";
        broken = true;
      }
    }
    return !broken;
  });
  supervisor::forget_job();
  return heard;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::same_however_split(data, size, hear);
  return 0;
}
