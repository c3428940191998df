// The attach stream of a container: the one connection that is not request and reply. Both directions, with half-close.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "dind/error.hpp"
#include "engine/endpoint.hpp"
#include "support/async/task.hpp"

namespace dind::engine {

class HijackedStream {
 public:
  ~HijackedStream();  // closes the stream
  // Connects to the engine, sends `POST target` with an upgrade and reads the head of the reply. `what` names the call
  // in errors.
  static Task<Result<std::unique_ptr<HijackedStream>>> open(asio::any_io_executor executor, Endpoint endpoint,
                                                            std::string target, std::string what, Deadline deadline);
  // Reads some bytes; 0: the engine closed the stream. `buffer` must live until it returns.
  Task<Result<std::size_t>> read_some(std::span<char> buffer);
  // Writes all bytes. One writer at a time.
  Task<Result<void>> write(std::string bytes);
  // Tells the engine that stdin has ended; reading goes on.
  Task<Result<void>> close_write();
  // Ends pending reads and writes with an Error.
  void close();

 private:
  struct Impl;
  explicit HijackedStream(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // pending operations share it
};

}  // namespace dind::engine
