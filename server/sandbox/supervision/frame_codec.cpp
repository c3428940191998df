#include "sandbox/supervision/frame_codec.hpp"

#include <algorithm>

namespace dind::sandbox {
namespace {

using namespace supervision;

unsigned char* raw(std::string& text, std::size_t at) { return reinterpret_cast<unsigned char*>(text.data()) + at; }
const unsigned char* raw(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }

void add_u32(std::string& to, std::uint32_t value) {
  to.append(4, '\0');
  put_u32(raw(to, to.size() - 4), value);
}
void add_u64(std::string& to, std::uint64_t value) {
  to.append(8, '\0');
  put_u64(raw(to, to.size() - 8), value);
}
void add_text(std::string& to, std::string_view text) {
  add_u32(to, static_cast<std::uint32_t>(text.size()));
  to += text;
}
void add_frame(std::string& to, unsigned char type, std::string_view payload, unsigned char channel = kControl) {
  to.append(kHeaderSize, '\0');
  put_header(raw(to, to.size() - kHeaderSize),
             {.type = type, .channel = channel, .length = static_cast<std::uint32_t>(payload.size())});
  to += payload;
}
void add_frames(std::string& to, unsigned char type, std::string_view bytes) {
  while (!bytes.empty()) {
    add_frame(to, type, bytes.substr(0, kMaxPayload));
    bytes.remove_prefix(std::min(bytes.size(), kMaxPayload));
  }
}
std::string frame(unsigned char type, std::string_view payload, unsigned char channel = kControl) {
  std::string one;
  one.reserve(kHeaderSize + payload.size());
  add_frame(one, type, payload, channel);
  return one;
}

bool is_output(const Header& header) { return header.type == kData; }

// Whether frames of this type may have this channel, among those that the server declared.
bool is_declared(const Header& header) {
  if (is_output(header)) return header.channel == kStdout || header.channel == kStderr;
  return header.channel == (header.type == kTaken ? kStdin : kControl);
}

// Max payload of a control frame in bytes. Output frames have no such limit here: they are passed on in parts.
constexpr std::size_t kMaxControl = 4096;

std::unexpected<Error> nonsense(const char* what) {
  return fail(ErrorCode::internal, std::string("The supervisor in the sandbox sent ") + what +
                                       "; the sandbox was removed. Please report this, with the program that did it");
}

}  // namespace

std::string hello_frames() {
  std::string all;
  std::string version;
  add_u32(version, kVersion);
  add_frame(all, kHello, version);
  for (const auto& channel : kChannels) add_frame(all, kDeclare, channel.name, channel.id);
  return all;
}

std::string job_frames(const RunPlan& plan, const JobOptions& options) {
  std::string job;
  add_u64(job, options.deadline_ms);
  add_u64(job, options.output_cap);
  add_u64(job, options.output_window);
  add_u32(job, options.token);
  add_u32(job, options.max_tasks);
  add_text(job, plan.working_dir);
  add_u32(job, static_cast<std::uint32_t>(plan.argv.size()));
  for (const auto& arg : plan.argv) add_text(job, arg);
  add_u32(job, static_cast<std::uint32_t>(plan.env.size()));
  for (const auto& [name, value] : plan.env) add_text(job, name + "=" + value);

  std::string all = hello_frames();
  for (const auto& file : plan.files) {
    std::string begin;
    add_u32(begin, file.mode);
    begin += file.path;
    add_frame(all, kFileBegin, begin);
    add_frames(all, kFileData, file.bytes);
  }
  // gVisor does not show where mounts come from. Under gVisor, none of these mounts comes from the workspace.
  if (plan.isolation != Isolation::gvisor)
    for (const auto& mount : plan.workspace_mounts)
      add_frame(all, kSameMount, std::string(kWorkspaceMount) + "/" + mount.path);
  if (plan.disk_bytes != 0) {
    std::string watch;
    add_u64(watch, static_cast<std::uint64_t>(plan.disk_bytes));
    add_frame(all, kWatch, watch + plan.disk_path);
  }
  add_frames(all, kJobData, job);
  add_frame(all, kStart, {});
  return all;
}

std::string stdin_frame(std::string_view bytes) { return frame(kData, bytes, kStdin); }
std::string stdin_end_frame() { return frame(kDataEnd, {}, kStdin); }
std::string window_frame(std::uint64_t bytes) {
  std::string payload;
  add_u64(payload, bytes);
  return frame(kWindow, payload);
}
std::string signal_frame(std::uint32_t signal) {
  std::string payload;
  add_u32(payload, signal);
  return frame(kSignal, payload);
}
std::string report_received_frame() { return frame(kReportReceived, {}); }

Result<bool> SupervisorDecoder::control(FromSupervisor& event) {
  const auto type = static_cast<unsigned char>(header_[0]);
  switch (type) {
    case kReady:
      if (payload_.size() != 4) return nonsense("a ready frame of a wrong size");
      event = SupervisorReady{get_u32(raw(payload_))};
      return true;
    case kStarted:
      event = ProgramStarted{};
      return true;
    case kTaken:
      if (payload_.size() != 8) return nonsense("a confirmation of input of a wrong size");
      event = StdinTaken{get_u64(raw(payload_))};
      return true;
    case kMemoryLow:
      event = MemoryLow{};
      return true;
    case kDetail:
      event = ExecDetail{payload_};
      return true;
    case kLeft: {
      if (payload_.size() < 4) return nonsense("a list of files of a wrong size");
      LeftFiles left{.count = get_u32(raw(payload_)), .names = {}};
      for (std::size_t at = 4; at < payload_.size();) {
        const auto end = payload_.find('\0', at);
        if (end == std::string::npos) return nonsense("a list of files without an end");
        left.names.push_back(payload_.substr(at, end - at));
        at = end + 1;
      }
      event = std::move(left);
      return true;
    }
    case kExit: {
      ExitReport report;
      if (!get_report(raw(payload_), payload_.size(), report)) return nonsense("an exit report of a wrong shape");
      event = report;
      return true;
    }
    case kProtocolError:
      event = SupervisorBroken{payload_};
      return true;
    default:
      return nonsense("a frame of an unknown type");
  }
}

Result<bool> SupervisorDecoder::next(std::string_view& input, FromSupervisor& event) {
  while (true) {
    if (!in_frame_) {
      const auto want = std::min(kHeaderSize - header_.size(), input.size());
      header_ += input.substr(0, want);
      input.remove_prefix(want);
      if (header_.size() < kHeaderSize) return false;
      const auto header = get_header(raw(header_));
      left_ = header.length;
      const bool output = is_output(header);
      const bool first_words = !token_seen_ && (header.type == kReady || header.type == kProtocolError);
      if (header.token != token_ && !(first_words && header.token == 0)) return nonsense("an invalid frame header");
      token_seen_ = token_seen_ || (token_ != 0 && header.token == token_);
      if (!is_declared(header)) return nonsense("a frame of a channel that was not declared");
      if (left_ > (output ? kMaxPayload : kMaxControl)) return nonsense("a frame that is too long");
      payload_.clear();
      in_frame_ = true;
      if (output && left_ == 0) {
        in_frame_ = false;
        header_.clear();
        continue;
      }
    }
    const auto part = input.substr(0, left_);
    input.remove_prefix(part.size());
    left_ -= static_cast<std::uint32_t>(part.size());
    if (const auto header = get_header(raw(header_)); is_output(header)) {
      if (part.empty()) return false;
      event = ProgramOutput{header.channel == kStdout ? Channel::out : Channel::err, part};
      if (left_ == 0) {
        in_frame_ = false;
        header_.clear();
      }
      return true;
    }
    payload_ += part;
    if (left_ != 0) return false;
    const auto taken = control(event);
    in_frame_ = false;
    header_.clear();
    return taken;
  }
}

}  // namespace dind::sandbox
