// What happens to a run, in order: queued · preparing · started · output … · finished. Values, and the sink that takes
// them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dind/cancel_reason.hpp"
#include "dind/run_spec.hpp"

namespace dind {

// How a run ended; exactly one a run.
enum class Verdict {
  ok,
  failed,  // exit code other than 0
  signalled,
  timeout,
  out_of_memory,
  process_limit,
  output_limit,
  disk_limit,
  cancelled,
};
std::string_view name(Verdict verdict);

enum class Channel { out, err };

// Where in its course a run ended: most end with their program.
enum class Stage { queue, image, dependencies, build, container, program };
std::string_view name(Stage stage);

struct RunResult {
  std::string run_id;
  Verdict verdict = Verdict::failed;
  std::optional<int> exit_code;  // none where a signal ended the program
  std::optional<int> signal;
  std::chrono::milliseconds duration{0};          // the program's own wall-clock time
  std::optional<std::chrono::microseconds> cpu;   // user and system time of the whole tree
  std::optional<std::int64_t> peak_memory_bytes;  // of the whole sandbox
  bool oom_seen = false;                          // the kernel killed some process of it for memory
  std::uint64_t stdout_bytes = 0;                 // as the program wrote them
  std::uint64_t stderr_bytes = 0;
  std::uint64_t dropped_bytes = 0;          // written, and not passed on (output limit)
  std::string image;                        // as named
  std::string image_id;                     // sha256:…
  std::optional<std::string> image_digest;  // the registry's sha256:… of that name; none where no registry gave it
  std::string isolation = "runc";
  bool degraded = false;  // ran without the supervisor
  // Another than `program`: what ended there is the installer (verdict failed: a package was not to be had), the build
  // (a step failed), or the wait for it (verdict timeout, of RunSpec::total_timeout). The program never began, and its
  // own figures are 0.
  Stage stage = Stage::program;
  std::string builder;  // "classic" · "buildkit"; empty: nothing was built
  std::optional<CancelReason> cancel_reason;
  std::vector<std::string> notes;  // for people: what was clamped, what was seen
};

struct Queued {
  std::size_t position = 0;  // runs that start before this one if no other client comes
};
struct Preparing {
  Stage stage = Stage::container;  // image · dependencies · build · container
  std::string message;             // for people: one line
  std::optional<int> percent;
};
struct Started {
  std::string run_id;
  std::string name;      // file name, or the command
  std::string language;  // empty for a command
  std::string image;
  std::string isolation;
  Limits limits;
  Network network = Network::none;
  std::vector<std::string> notes;
  std::string container_id;  // the engine's; empty where another process of ours has the container
};

// Room in a run's output window. It travels with a chunk of output and gives the room back when it is destroyed, so a
// face that holds chunks back slows the program down and nothing else: the engine's stream is drained regardless.
class OutputCredit {
 public:
  OutputCredit() = default;
  OutputCredit(std::size_t bytes, std::function<void(std::size_t)> give_back)
      : bytes_(bytes), give_back_(std::move(give_back)) {}
  OutputCredit(OutputCredit&& other) noexcept
      : bytes_(std::exchange(other.bytes_, 0)), give_back_(std::move(other.give_back_)) {}
  OutputCredit& operator=(OutputCredit&& other) noexcept {
    if (this != &other) {
      release();
      bytes_ = std::exchange(other.bytes_, 0);
      give_back_ = std::move(other.give_back_);
    }
    return *this;
  }
  ~OutputCredit() { release(); }
  void release() {
    if (bytes_ != 0 && give_back_) give_back_(std::exchange(bytes_, 0));
  }

 private:
  std::size_t bytes_ = 0;
  std::function<void(std::size_t)> give_back_;
};

using StateChange = std::variant<Queued, Preparing, Started>;

// Takes a run's events, on the core's one thread. Neither call may block or throw.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void on_state(const StateChange& change) = 0;
  // `bytes` lives for the length of the call; `credit` may be kept.
  virtual void on_output(Channel channel, std::string_view bytes, OutputCredit credit) = 0;
};

}  // namespace dind
