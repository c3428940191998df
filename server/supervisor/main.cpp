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
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/supervision/frames.hpp"
#include "supervisor/cgroup.hpp"
#include "supervisor/disk_watch.hpp"
#include "supervisor/egress_filter.hpp"
#include "supervisor/exec_failure.hpp"
#include "supervisor/frames.hpp"
#include "supervisor/job.hpp"
#include "supervisor/left_files.hpp"
#include "supervisor/mounts.hpp"
#include "supervisor/now_us.hpp"
#include "supervisor/output.hpp"
#include "supervisor/program_stdin.hpp"
#include "supervisor/run_files.hpp"

namespace dind::supervisor {
namespace {

using namespace supervision;

constexpr int kCountEveryMs = 10;  // gVisor takes about this long for a fork
constexpr int kEndEveryMs = 10;
constexpr int kMaxReaped = 64;  // at a time: a program may end children as fast as they are reaped

enum class State { waiting, running, draining, done };

constexpr size_t kMaxLeftBytes = 2048;  // of a list of files; a control frame may have 4096 bytes
constexpr uint64_t kHeardTime = 1000;   // ms to wait for the confirmation of the exit report

struct Pipe {
  int fd = -1;
  unsigned char type;
  uint64_t bytes = 0;
};

State state = State::waiting;
Job job;
ExitReport report;
CgroupFigures baseline;
int program = -1;
int signals = -1;
int timer = -1;
bool waits_to_be_heard = false;
bool left_behind = false;  // the program has ended, but not every process that it started
bool more_to_reap = false;
Pipe pipes[2] = {{-1, kOut, 0}, {-1, kErr, 0}};
uint64_t window = 0;
uint64_t sent = 0;
uint64_t started_us = 0;
uint64_t looked_us = 0;

FrameBuffer input;

void send(unsigned char type, const void* payload, size_t size) { queue_frame(type, payload, size, job.token); }

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
  if (!cut_job(job)) broken("the job frame can't be read");
  end_files();
  int in[2], out[2], err[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) broken("no pipes");
  const int theirs[] = {out[1], err[1]};  // at process.exit Node loses what does not fit (P19)
  for (const int fd : theirs)
    if (fcntl(fd, F_SETPIPE_SZ, 1024 * 1024) < 0) fcntl(fd, F_SETPIPE_SZ, 256 * 1024);
  baseline = read_cgroup();
  window = job.output_window;
  started_us = now_us();
  int exec_error = -1;
  program = start_program(job, in[0], out[1], err[1], exec_error);
  if (program < 0) broken("fork failed");
  close(in[0]);
  close(out[1]);
  close(err[1]);
  open_stdin(in[1]);
  pipes[0].fd = out[0];
  pipes[1].fd = err[0];
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
  send(kStdinTaken, payload, sizeof payload);
}

void take_frame(unsigned char type, const unsigned char* payload, size_t size) {
  switch (type) {
    case kFileBegin:
      if (const char* why = begin_file(payload, size)) broken(why);
      return;
    case kFileData:
      if (const char* why = append_file(payload, size)) broken(why);
      return;
    case kJobData:
      if (state != State::waiting || !gather_job(payload, size)) broken("the job is too long");
      return;
    case kWatch: {
      char path[4096];
      if (size < 9 || size - 8 >= sizeof path || state != State::waiting) broken("a watch frame of a wrong size");
      memcpy(path, payload + 8, size - 8);
      path[size - 8] = 0;
      if (!watch_disk(path, get_u64(payload))) broken("the folder to watch does not exist");
      return;
    }
    case kSameMount: {
      char path[4096];
      if (size == 0 || size >= sizeof path || state != State::waiting) broken("a mount's frame of a wrong size");
      memcpy(path, payload, size);
      path[size] = 0;
      if (!is_same_mount(path)) broken("a folder of the workspace was replaced while the run started; run it again");
      return;
    }
    case kStart:
      start();
      return;
    case kStdin:
      if (!hold_stdin(payload, size)) broken("more stdin than the window allows");
      return;
    case kStdinEnd:
      end_stdin();
      return;
    case kWindow:
      if (size != 8) broken("a window frame of a wrong size");
      window += get_u64(payload);
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
  const ssize_t n = read(0, input.room(), input.free_size());
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n <= 0) end_everything(supervision::kLeaseOverExit);
  input.added(static_cast<size_t>(n));
  Frame frame;
  FrameBuffer::Next next;
  while ((next = input.next(frame)) == FrameBuffer::Next::frame) take_frame(frame.type, frame.payload, frame.size);
  if (next == FrameBuffer::Next::too_long) broken("a frame is too long");
  pass_stdin_on();
}

void read_program(Pipe& pipe) {
  size_t room = kMaxPayload;
  // After the program's end, its pipes hold little; this is sent without regard to the window.
  if (state == State::running && report.cause == Cause::none && window < room) room = window;
  if (room == 0) return;  // the other pipe used up the window; a read of 0 bytes would look like the end
  unsigned char* chunk = frame_room(room);
  if (chunk == nullptr) return;  // the other pipe's chunk was large: wait until it is sent
  const ssize_t n = read(pipe.fd, chunk, room);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
    if (state != State::draining) return;
  }
  if (n <= 0) {
    close(pipe.fd);
    pipe.fd = -1;
    return;
  }
  const auto got = static_cast<uint64_t>(n);
  pipe.bytes += got;
  const uint64_t allowed = job.output_cap == 0 ? got : sent >= job.output_cap ? 0 : job.output_cap - sent;
  const uint64_t pass = got < allowed ? got : allowed;
  if (pass > 0) put_frame(pipe.type, pass, job.token);
  sent += pass;
  window -= window < pass ? window : pass;
  if (pass < got) {
    report.dropped_bytes += got - pass;
    end_run(Cause::output_cap);
  }
}

void finish() {
  const CgroupFigures figures = read_cgroup();
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  report.cpu_us = static_cast<uint64_t>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 +
                  static_cast<uint64_t>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  if (figures.cpu_us > baseline.cpu_us) report.cpu_us = figures.cpu_us - baseline.cpu_us;
  report.peak_memory_bytes =
      figures.peak_memory_bytes != 0 ? figures.peak_memory_bytes : static_cast<uint64_t>(usage.ru_maxrss) * 1024;
  report.oom_kills = figures.oom_kills - baseline.oom_kills;
  report.pids_limit_hits = figures.pids_limit_hits - baseline.pids_limit_hits;
  char volume[1024];
  report.disk_full = full_disks(volume, sizeof volume);
  // A failed exec has sent its own detail, and only one is allowed.
  if (report.how == How::exec_failed) report.disk_full &= static_cast<unsigned char>(~kVolumeFull);
  if ((report.disk_full & kVolumeFull) != 0) send(kDetail, volume, strlen(volume));
  report.stdout_bytes = pipes[0].bytes;
  report.stderr_bytes = pipes[1].bytes;
  unsigned char left[kMaxLeftBytes];
  if (const size_t size = list_left_files("/sandbox", left, sizeof left)) send(kLeft, left, size);
  unsigned char payload[kExitReportSize];
  put_report(payload, report);
  send(kExit, payload, sizeof payload);
  state = State::done;
}

// The engine may drop unsent output, such as the exit report, when it closes the connection with unread frames (TCP: a
// reset). So the supervisor stays until the server confirms the report.
void wait_to_be_heard() {
  // The server's own deadline is earlier. If ours ended the program, nobody listens.
  if (report.cause == Cause::deadline) end_everything(0);
  if (!waits_to_be_heard) set_timer(kHeardTime);
  waits_to_be_heard = true;
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

[[noreturn]] void loop() {
  for (;;) {
    flush_output();
    const bool blocked = output_waits();
    if (state == State::draining && pipes[0].fd < 0 && pipes[1].fd < 0 && !blocked) {
      finish();
      continue;
    }
    if (state == State::done && !blocked) wait_to_be_heard();
    const bool may_send = !blocked && (window > 0 || state == State::draining || report.cause != Cause::none);
    pollfd polled[] = {
        {0, POLLIN, 0},
        {signals, POLLIN, 0},
        {timer, POLLIN, 0},
        {blocked ? 1 : -1, POLLOUT, 0},
        {may_send ? pipes[0].fd : -1, POLLIN, 0},
        {may_send ? pipes[1].fd : -1, POLLIN, 0},
        {waiting_stdin(), POLLOUT, 0},
    };
    const bool watching = state == State::running && disk_is_watched();
    if (watching && now_us() - looked_us >= kDiskLookMs * 1000) {
      if (disk_is_over()) end_run(Cause::disk_cap);
      looked_us = now_us();
    }
    const bool counts = job.max_tasks != 0 && state == State::running;
    // In gVisor a process that is just being forked survives kill(-1): repeat it until no process is left.
    const bool ends = state == State::draining && left_behind;
    const int ready = poll(polled, sizeof polled / sizeof *polled,
                           more_to_reap ? 0
                           : counts     ? kCountEveryMs
                           : ends       ? kEndEveryMs
                           : watching   ? kDiskLookMs
                                        : -1);
    // Deadline and end of stdin could no longer be noticed, so the sandbox ends here.
    if (ready < 0 && errno != EINTR) end_everything(71);
    if (counts) watch_gvisor();
    if (ends) kill(-1, SIGKILL);
    if (ends || more_to_reap) reap();
    if (ready < 0) continue;
    if (polled[1].revents != 0) {
      signalfd_siginfo info;
      [[maybe_unused]] const ssize_t n = read(signals, &info, sizeof info);
      reap();
    }
    if (polled[2].revents != 0) {
      uint64_t expired;
      [[maybe_unused]] const ssize_t n = read(timer, &expired, sizeof expired);
      if (state == State::running) {
        end_run(Cause::deadline);
        set_timer(2000);  // for the report; then the sandbox ends even if nobody reads it
      } else {
        end_everything(supervision::kLeaseOverExit);
      }
    }
    if (polled[0].revents != 0) read_input();
    if (polled[6].revents != 0) pass_stdin_on();
    for (int i = 0; i < 2; ++i)
      if (polled[4 + i].revents != 0 && pipes[i].fd >= 0) read_program(pipes[i]);
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
