// The events of a run, in this order: queued · preparing · started · output … · finished. Values, and the interface
// that receives them.
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

// How a run ended. Each run has exactly one verdict.
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
std::string_view to_string(Verdict verdict);

enum class Channel { out, err };

// Where a run ended. Most runs end in their program.
enum class Stage { queue, image, dependencies, build, container, program };
std::string_view to_string(Stage stage);

struct RunResult {
  std::string run_id;
  Verdict verdict = Verdict::failed;
  std::optional<int> exit_code;  // nullopt if a signal ended the program
  std::optional<int> signal;
  std::chrono::milliseconds duration{0};          // the program's own wall-clock time
  std::optional<std::chrono::microseconds> cpu;   // user and system time of all its processes
  std::optional<std::int64_t> peak_memory_bytes;  // of the whole sandbox
  bool oom_seen = false;           // the kernel killed a process of the sandbox because of its memory limit
  std::uint64_t stdout_bytes = 0;  // bytes as the program wrote them
  std::uint64_t stderr_bytes = 0;
  std::uint64_t dropped_bytes = 0;          // written by the program, but not passed on (output limit)
  std::string image;                        // its name as requested
  std::string image_id;                     // sha256:…
  std::optional<std::string> image_digest;  // the registry's sha256:… of this name; nullopt if no registry gave one
  std::string isolation = "runc";
  // If this is not `program`, the program never began, and its own figures are 0. Then one of these ended:
  // - the installer: verdict failed means that a package could not be installed;
  // - the build: a step failed;
  // - the wait for the stage: verdict timeout, because of RunSpec::total_timeout.
  Stage stage = Stage::program;
  std::string builder;  // "classic" · "buildkit"; empty: no image was built
  std::optional<CancelReason> cancel_reason;
  std::vector<std::string> notes;  // for people: which limits were clamped, what was noticed
};

struct Queued {
  std::size_t position = 0;  // number of runs that start before this one, if no other client comes
};
struct Preparing {
  Stage stage = Stage::container;  // image · dependencies · build · container
  std::string message;             // for people: one line
  std::optional<int> percent;
};
struct Started {
  std::string run_id;
  std::string name;      // of the file, or the command
  std::string language;  // empty for a command
  std::string image;
  std::string isolation;
  Limits limits;
  Network network = Network::none;
  std::vector<std::string> notes;
  std::string container_id;  // the engine's ID; empty if another process of dind-executor has the container
};

// Permission to send more output. It belongs to a chunk of output, and returns when it is destroyed. So a frontend that
// keeps chunks slows down only that program: the engine's stream is drained in any case.
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

// Receives the events of a run, on the one thread of the core. Neither function may block or throw.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void on_state(const StateChange& change) = 0;
  // `bytes` is valid during the call only; `credit` may be kept.
  virtual void on_output(Channel channel, std::string_view bytes, OutputCredit credit) = 0;
};

}  // namespace dind
