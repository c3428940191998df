// What observes a run besides its frontend: the log, the history, the list of live runs.
//
// An observer only looks. The output and its credit belong to the frontend's sink, so an observer can't slow a run
// down. All calls are on the core's thread and must not block. An exception of an observer ends no run: it is logged.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "dind/run_spec.hpp"

namespace dind {

// Observes one run, from its request to its end.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void on_state(const StateChange& change) = 0;
  virtual void on_output(Channel channel, std::string_view bytes) = 0;
  // Exactly one of these, once, as the last call.
  virtual void on_end(const Result<RunResult>& result) = 0;
  virtual void on_exception(std::string_view what) = 0;  // a bug ended the run
};

// Makes the observer of a run that begins. nullptr: the run is not observed.
using ObserveRun = std::function<std::unique_ptr<RunObserver>(const RunSpec& spec)>;

// Passes each event to the observers, in their order, and then to the frontend's sink.
class ObservedSink final : public EventSink {
 public:
  ObservedSink(EventSink& sink, std::string run_id) : sink_(sink), run_id_(std::move(run_id)) {}
  void add(std::unique_ptr<RunObserver> observer);
  void on_state(const StateChange& change) override;
  void on_output(Channel channel, std::string_view bytes, OutputCredit credit) override;
  void on_end(const Result<RunResult>& result);
  void on_exception(std::string_view what);

 private:
  template <typename Tell>
  void tell(Tell tell);

  struct Entry {
    std::unique_ptr<RunObserver> observer;
    bool failed = false;  // its first exception is logged
  };
  EventSink& sink_;
  const std::string run_id_;
  std::vector<Entry> observers_;
};

}  // namespace dind
