// The supervisor reads exactly the job that the server writes.
#include <cstdlib>
#include <cstring>
#include <memory>

#include "fuzz.hpp"
#include "sandbox/supervision/frame_codec.hpp"
#include "supervisor/channels.hpp"
#include "supervisor/frame_buffer.hpp"
#include "supervisor/job.hpp"

using namespace dind;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  const auto how = input.ConsumeIntegral<std::uint32_t>();
  const auto large = input.ConsumeIntegralInRange(0, 7) == 7;  // larger than one frame
  sandbox::RunPlan plan;
  sandbox::JobOptions options{input.ConsumeIntegral<std::uint64_t>(), input.ConsumeIntegral<std::uint64_t>(),
                              input.ConsumeIntegral<std::uint64_t>(), input.ConsumeIntegral<std::uint32_t>(),
                              input.ConsumeIntegral<std::uint32_t>()};
  plan.working_dir = input.ConsumeRandomLengthString();
  if (large) plan.argv.push_back(std::string(70'000, 'x'));
  for (auto n = input.ConsumeIntegralInRange(0, 9); n > 0; --n) plan.argv.push_back(input.ConsumeRandomLengthString());
  for (auto n = input.ConsumeIntegralInRange(0, 5); n > 0; --n)
    plan.env[input.ConsumeRandomLengthString(20)] = input.ConsumeRandomLengthString();
  plan.files.push_back({"/sandbox/f", input.ConsumeRemainingBytesAsString(), 0644});

  std::vector<std::string> env;
  bool whole = !plan.argv.empty() && !plan.working_dir.contains('\0');
  for (const auto& arg : plan.argv) whole = whole && !arg.contains('\0');
  for (const auto& [name, value] : plan.env) {
    env.push_back(name + "=" + value);
    whole = whole && !env.back().contains('\0');
  }

  const auto memory = std::make_unique_for_overwrite<supervisor::FrameBuffer>();
  supervisor::FrameBuffer& buffer = *memory;
  supervisor::forget_job();
  std::string file;
  bool started = false;
  supervisor::Channels channels;
  fuzz::in_pieces(sandbox::job_frames(plan, options), large ? how | 2 : how, [&](std::string_view piece) {
    while (!piece.empty()) {
      const auto taken = std::min(piece.size(), buffer.free_size());
      fuzz::require(taken > 0, "the buffer always has free space");
      std::memcpy(buffer.free_space(), piece.data(), taken);
      buffer.added(taken);
      piece.remove_prefix(taken);
      supervisor::Frame frame{};
      supervisor::FrameBuffer::Next next;
      while ((next = buffer.next(frame)) == supervisor::FrameBuffer::Next::frame) {
        if (frame.type == supervision::kDeclare)
          fuzz::require(channels.declare(frame.channel, frame.payload, frame.size) == nullptr,
                        "the server's channels are known");
        if (frame.type == supervision::kFileData) file.append(reinterpret_cast<const char*>(frame.payload), frame.size);
        if (frame.type == supervision::kJobData)
          fuzz::require(supervisor::gather_job(frame.payload, frame.size), "the server's job is not too long");
        started = started || frame.type == supervision::kStart;
      }
      fuzz::require(next == supervisor::FrameBuffer::Next::more, "the server's frame is not too long");
    }
    return true;
  });
  fuzz::require(channels.complete(), "all channels of a program are declared");
  fuzz::require(started && file == plan.files[0].bytes, "the frames arrive complete");
  supervisor::Job job;
  fuzz::require(supervisor::cut_job(job) == whole, "a job is accepted exactly if it has a program and no NUL");
  if (whole) {
    fuzz::require(job.deadline_ms == options.deadline_ms && job.output_cap == options.output_cap &&
                      job.output_window == options.output_window && job.token == options.token &&
                      job.max_tasks == options.max_tasks && job.cwd == plan.working_dir,
                  "the limits and the folder are those that were sent");
    std::size_t n = 0;
    for (; job.argv[n] != nullptr; ++n)
      fuzz::require(n < plan.argv.size() && job.argv[n] == plan.argv[n], "each argument is the one that was sent");
    fuzz::require(n == plan.argv.size(), "argv is complete");
    for (n = 0; job.env[n] != nullptr; ++n)
      fuzz::require(n < env.size() && job.env[n] == env[n], "each variable is the one that was sent");
    fuzz::require(n == env.size(), "env is complete");
  }
  std::free(job.argv);
  std::free(job.env);
  supervisor::forget_job();
  return 0;
}
