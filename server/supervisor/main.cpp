// PID 1 of every sandbox. It waits for a job on stdin, runs it and forwards its streams in frames. It ends the job at
// its deadline or when stdin ends (the server is gone), and reports how it ended.
//
// One thread, one poll loop, and no blocking read or write: so the deadline holds whatever the other side does. The
// process is not dumpable: a program of the same uid cannot reach its memory or its descriptors.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/supervision/frames.hpp"
#include "supervisor/cgroup.hpp"
#include "supervisor/channels.hpp"
#include "supervisor/disk_watch.hpp"
#include "supervisor/egress_filter.hpp"
#include "supervisor/exec_failure.hpp"
#include "supervisor/frame_buffer.hpp"
#include "supervisor/job.hpp"
#include "supervisor/left_files.hpp"
#include "supervisor/mounts.hpp"
#include "supervisor/now_us.hpp"
#include "supervisor/output.hpp"
#include "supervisor/program_output.hpp"
#include "supervisor/program_stdin.hpp"
#include "supervisor/run_files.hpp"

namespace dind::supervisor {
namespace {

using namespace supervision;

constexpr int kCountEveryMs = 10;  // gVisor takes about this long for a fork
constexpr int kEndEveryMs = 10;
constexpr int kMaxReaped = 64;  // at a time: a program may end children as fast as they are reaped

enum class State { waiting, running, draining, done };

constexpr size_t kMaxLeftBytes = 2048;   // of a list of files; a control frame may have 4096 bytes
constexpr uint64_t kConfirmTime = 1000;  // ms to wait for the confirmation of the exit report

State state = State::waiting;
Job job;
ExitReport report;
CgroupFigures baseline;
int program = -1;
int signals = -1;
int timer = -1;
bool waits_for_server = false;
bool left_behind = false;  // the program has ended, but not every process that it started
bool more_to_reap = false;
bool greeted = false;  // the server's version is known and right
Channels channels;
uint64_t started_us = 0;
uint64_t looked_us = 0;

FrameBuffer input;

void send(unsigned char type, const void* payload, size_t size, unsigned char channel = kControl) {
  queue_frame(type, payload, size, job.token, channel);
}

[[noreturn]] void end_everything(int code) {
  kill(-1, SIGKILL);
  _exit(code);  // the end of PID 1 ends the namespace
}

[[noreturn]] void broken(const char* why) {
  send(kProtocolError, why, strlen(why));
  flush_output();
  end_everything(70);
}

void reap() {
  more_to_reap = true;
  for (int i = 0; i < kMaxReaped && more_to_reap; ++i) {
    int status = 0;
    const int pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0) {
      left_behind = pid == 0 && program < 0;
      more_to_reap = false;
    }
    if (pid <= 0 || pid != program) continue;
    program = -1;
    report.duration_us = now_us() - started_us;
    if (report.how != How::exec_failed) {
      report.how = WIFSIGNALED(status) ? How::signalled : How::exited;
      report.code = static_cast<uint32_t>(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    state = State::draining;
    kill(-1, SIGKILL);  // ends all processes that the program left behind
  }
}

void set_timer(uint64_t milliseconds) {
  itimerspec t{};
  t.it_value.tv_sec = static_cast<time_t>(milliseconds / 1000);
  t.it_value.tv_nsec = static_cast<long>(milliseconds % 1000 * 1'000'000);
  timerfd_settime(timer, 0, &t, nullptr);
}

void end_run(Cause cause) {
  if (state != State::running) return;
  if (report.cause == Cause::none) report.cause = cause;
  kill(-1, SIGKILL);
}

void start() {
  if (state != State::waiting) broken("a second job");
  if (!channels.complete()) broken("a job without channels for stdin, stdout and stderr");
  if (!cut_job(job)) broken("the job frame can't be read");
  end_files();
  int in[2], out[2], err[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) broken("no pipes");
  const int theirs[] = {out[1], err[1]};  // at process.exit Node loses what does not fit (P19)
  for (const int fd : theirs)
    if (fcntl(fd, F_SETPIPE_SZ, 1024 * 1024) < 0) fcntl(fd, F_SETPIPE_SZ, 256 * 1024);
  baseline = read_cgroup();
  started_us = now_us();
  int exec_error = -1;
  program = start_program(job, in[0], out[1], err[1], exec_error);
  if (program < 0) broken("fork failed");
  close(in[0]);
  close(out[1]);
  close(err[1]);
  open_stdin(in[1]);
  open_outputs({out[0], err[0]}, {channels.id(Stream::out), channels.id(Stream::err)},
               {job.output_cap, job.output_window, job.token});
  const int ours[] = {in[1], out[0], err[0]};
  for (const int fd : ours) fcntl(fd, F_SETFL, O_NONBLOCK);
  state = State::running;
  if (job.deadline_ms != 0) set_timer(job.deadline_ms);
  ExecFailure failure;
  if (read(exec_error, &failure, sizeof failure) == static_cast<ssize_t>(sizeof failure)) {
    report.how = How::exec_failed;
    report.code = static_cast<uint32_t>(failure.error);
    send(kDetail, failure.detail, strlen(failure.detail));
  } else {
    send(kStarted, nullptr, 0);
  }
  close(exec_error);
}

// gVisor does not limit processes, and the engine's limit counts those that gVisor itself needs. `procs` has only those
// of the sandbox, with this one. At the memory limit the kernel kills gVisor and this process, and the engine may not
// see the reason. So the server is told before.
void watch_gvisor() {
  static bool told = false;
  struct sysinfo now;
  if (sysinfo(&now) != 0) return;
  if (now.procs > job.max_tasks) end_run(Cause::max_tasks);
  if (told || now.freeram >= now.totalram / 4) return;
  told = true;
  send(kMemoryLow, nullptr, 0);
}

void pass_stdin_on() {
  const uint64_t taken = forward_stdin();
  if (taken == 0 || state == State::done) return;  // the exit report is the last frame
  unsigned char payload[8];
  put_u64(payload, taken);
  send(kTaken, payload, sizeof payload, channels.id(Stream::in));
}

// The first frame of a server. Its form is the same in every version.
void take_hello(const Frame& frame) {
  if (frame.type != kHello || frame.size != 4) broken("the server does not begin with its version; update it");
  const uint32_t version = get_u32(frame.payload);
  greeted = version == kVersion;
  if (greeted) return;
  char why[96];
  snprintf(why, sizeof why, "the server speaks version %u of the frames, this supervisor speaks version %u", version,
           kVersion);
  broken(why);
}

// Bytes for the program, or their end.
void take_data(const Frame& frame) {
  if (channels.stream(frame.channel) != Stream::in) broken("data in a channel that takes none");
  if (frame.type == kDataEnd) return end_stdin();
  if (!hold_stdin(frame.payload, frame.size)) broken("more stdin than the window allows");
}

void take_path(unsigned char type, const unsigned char* payload, size_t size) {
  char path[4096];
  const size_t before = type == kWatch ? 8 : 0;  // bytes before the path
  if (size <= before || size - before >= sizeof path || state != State::waiting) broken("a path of a wrong size");
  memcpy(path, payload + before, size - before);
  path[size - before] = 0;
  if (type == kWatch && !watch_disk(path, get_u64(payload))) broken("the folder to watch does not exist");
  if (type == kSameMount && !is_same_mount(path))
    broken("a folder of the workspace was replaced while the run started; run it again");
}

void take_frame(const Frame& frame) {
  const auto [type, channel, payload, size] = frame;
  if (!greeted) return take_hello(frame);
  if (type == kData || type == kDataEnd) return take_data(frame);
  if (channel != kControl && type != kDeclare) broken("a control frame with a channel");
  switch (type) {
    case kDeclare:
      if (state != State::waiting) broken("a channel that is declared after the start");
      if (const char* why = channels.declare(channel, payload, size)) broken(why);
      return;
    case kFileBegin:
      if (const char* why = begin_file(payload, size)) broken(why);
      return;
    case kFileData:
      if (const char* why = append_file(payload, size)) broken(why);
      return;
    case kJobData:
      if (state != State::waiting || !gather_job(payload, size)) broken("the job is too long");
      return;
    case kWatch:
    case kSameMount:
      take_path(type, payload, size);
      return;
    case kStart:
      start();
      return;
    case kWindow:
      if (size != 8) broken("a window frame of a wrong size");
      add_window(get_u64(payload));
      return;
    case kReportReceived:
      if (state == State::done) end_everything(0);
      return;
    case kSignal:
      if (size != 4) broken("a signal frame of a wrong size");
      if (get_u32(payload) == SIGKILL)
        end_run(Cause::asked);
      else if (program > 0)
        kill(-program, static_cast<int>(get_u32(payload)));
      return;
    default:
      broken("a frame of an unknown type");
  }
}

void read_input() {
  const ssize_t n = read(0, input.free_space(), input.free_size());
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n <= 0) end_everything(supervision::kLeaseOverExit);
  input.added(static_cast<size_t>(n));
  Frame frame;
  FrameBuffer::Next next;
  while ((next = input.next(frame)) == FrameBuffer::Next::frame) take_frame(frame);
  if (next == FrameBuffer::Next::too_long) broken("a frame is too long");
  pass_stdin_on();
}

OutputMode output_mode() {
  if (state == State::draining) return OutputMode::draining;
  return report.cause == Cause::none ? OutputMode::limited : OutputMode::unlimited;
}

void finish() {
  report_usage(baseline, report);
  char volume[1024];
  report.disk_full = full_disks(volume, sizeof volume);
  // A failed exec has sent its own detail, and only one is allowed.
  if (report.how == How::exec_failed) report.disk_full &= static_cast<unsigned char>(~kVolumeFull);
  if ((report.disk_full & kVolumeFull) != 0) send(kDetail, volume, strlen(volume));
  report.stdout_bytes = output_bytes(0);
  report.stderr_bytes = output_bytes(1);
  report.dropped_bytes = dropped_bytes();
  unsigned char left[kMaxLeftBytes];
  if (const size_t size = list_left_files("/sandbox", left, sizeof left)) send(kLeft, left, size);
  unsigned char payload[kExitReportSize];
  put_report(payload, report);
  send(kExit, payload, sizeof payload);
  state = State::done;
}

// The engine may drop unsent output, such as the exit report, when it closes the connection with unread frames (TCP: a
// reset). So the supervisor stays until the server confirms the report.
void wait_for_confirmation() {
  // The server's own deadline is earlier. If ours ended the program, nobody listens.
  if (report.cause == Cause::deadline) end_everything(0);
  if (!waits_for_server) set_timer(kConfirmTime);
  waits_for_server = true;
}

void set_up() {
  prctl(PR_SET_DUMPABLE, 0);
  // Only SIGCHLD is used. A program can send every signal and make it look like one from outside (S02), so all others
  // are ignored. The engine ends a sandbox with SIGKILL (StopSignal).
  for (int n = 1; n < NSIG; ++n)
    if (n != SIGCHLD) signal(n, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
  fcntl(1, F_SETFL, fcntl(1, F_GETFL) | O_NONBLOCK);
  fcntl(1, F_SETPIPE_SZ, 256 * 1024);  // as for the program's pipes
  unsigned char version[4];
  put_u32(version, kVersion);
  send(kReady, version, sizeof version);
}

// What the loop does besides waiting for descriptors.
struct Duties {
  bool watches_disk = state == State::running && disk_is_watched();
  bool counts_tasks = state == State::running && job.max_tasks != 0;
  // In gVisor a process that is just being forked survives kill(-1): repeat it until no process is left.
  bool ends_processes = state == State::draining && left_behind;

  int timeout_ms() const {  // of poll()
    if (more_to_reap) return 0;
    if (counts_tasks) return kCountEveryMs;
    if (ends_processes) return kEndEveryMs;
    return watches_disk ? kDiskLookMs : -1;
  }
};

void look_at_disk() {
  if (now_us() - looked_us < kDiskLookMs * 1000) return;
  if (disk_is_over()) end_run(Cause::disk_cap);
  looked_us = now_us();
}

void take_signal() {
  signalfd_siginfo info;
  [[maybe_unused]] const ssize_t n = read(signals, &info, sizeof info);
  reap();
}

void take_timer() {
  uint64_t expired;
  [[maybe_unused]] const ssize_t n = read(timer, &expired, sizeof expired);
  if (state != State::running) end_everything(kLeaseOverExit);
  end_run(Cause::deadline);
  set_timer(2000);  // for the report; then the sandbox ends even if nobody reads it
}

[[noreturn]] void loop() {
  for (;;) {
    flush_output();
    const bool blocked = output_waits();
    if (state == State::draining && outputs_are_closed() && !blocked) {
      finish();
      continue;
    }
    if (state == State::done && !blocked) wait_for_confirmation();
    const bool may_send = !blocked && (!window_is_used_up() || output_mode() != OutputMode::limited);
    pollfd polled[] = {
        {0, POLLIN, 0},
        {signals, POLLIN, 0},
        {timer, POLLIN, 0},
        {blocked ? 1 : -1, POLLOUT, 0},
        {may_send ? output_fd(0) : -1, POLLIN, 0},
        {may_send ? output_fd(1) : -1, POLLIN, 0},
        {waiting_stdin(), POLLOUT, 0},
    };
    const Duties duties;
    if (duties.watches_disk) look_at_disk();
    const int ready = poll(polled, sizeof polled / sizeof *polled, duties.timeout_ms());
    // Deadline and end of stdin could no longer be noticed, so the sandbox ends here.
    if (ready < 0 && errno != EINTR) end_everything(71);
    if (duties.counts_tasks) watch_gvisor();
    if (duties.ends_processes) kill(-1, SIGKILL);
    if (duties.ends_processes || more_to_reap) reap();
    if (ready < 0) continue;
    if (polled[1].revents != 0) take_signal();
    if (polled[2].revents != 0) take_timer();
    if (polled[0].revents != 0) read_input();
    if (polled[6].revents != 0) pass_stdin_on();
    for (int i = 0; i < kOutputs; ++i)
      if (polled[4 + i].revents != 0 && output_fd(i) >= 0 && !read_output(i, output_mode())) end_run(Cause::output_cap);
  }
}

}  // namespace
}  // namespace dind::supervisor

int main(int argc, char** argv) {
  using namespace dind::supervisor;
  if (argc == 2 && strcmp(argv[1], "--probe") == 0) return probe();
  if (argc >= 2 && strcmp(argv[1], "--egress-filter") == 0) return install_egress_filter(argv[2]);
  set_up();
  loop();
}
