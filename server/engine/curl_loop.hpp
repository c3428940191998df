// Runs libcurl's multi interface on the Asio loop: curl names the sockets and the timeout, Asio waits for them.
//
// Only for the executor's thread. Destroy it before the io_context, and after every easy handle was removed.
#pragma once

#include <curl/curl.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <map>
#include <memory>

#include "support/async/task.hpp"

namespace dind::engine {

class CurlLoop : public std::enable_shared_from_this<CurlLoop> {
 public:
  static std::shared_ptr<CurlLoop> create(const asio::any_io_executor& executor);
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  // Starts the transfer. `on_done` is called once, from the loop and never from within `add`. It must not call this
  // object, because curl forbids that.
  void add(CURL* easy, std::function<void(CURLcode)> on_done);
  // Ends the transfer; `on_done` is not called after that. Do not call it from a callback of curl.
  void remove(CURL* easy);

  const asio::any_io_executor& executor() const { return executor_; }

 private:
  struct Watch {
    Watch(const asio::any_io_executor& executor, int fd) : descriptor(executor, fd), socket(fd) {}
    asio::posix::stream_descriptor descriptor;  // curl owns the file descriptor: release it, never close it
    int socket;
    int wanted = 0;   // CURL_CSELECT_IN | CURL_CSELECT_OUT
    int waiting = 0;  // waits that are pending in the reactor
  };

  explicit CurlLoop(const asio::any_io_executor& executor);
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* watch);
  static int on_timer(CURLM* multi, long milliseconds, void* self);
  void watch_socket(curl_socket_t socket, int what);
  void set_timer(long milliseconds);
  void arm(const std::shared_ptr<Watch>& watch);
  void wait(const std::shared_ptr<Watch>& watch, int event);
  void ready(const std::shared_ptr<Watch>& watch, int event, bool failed);
  void act(curl_socket_t socket, int events);

  asio::any_io_executor executor_;
  asio::steady_timer timer_;
  unsigned timer_generation_ = 0;
  CURLM* multi_;
  std::map<curl_socket_t, std::shared_ptr<Watch>> watches_;
  std::map<CURL*, std::function<void(CURLcode)>> transfers_;
};

}  // namespace dind::engine
