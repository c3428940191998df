// A fake Docker engine that sends false data, hangs or breaks off as a test requires: HTTP on a unix socket or on
// loopback TCP, on its own thread.
//
// Any thread may call any method. Routes are matched without the version prefix ("/v1.41") and the query. "*" in a path
// stands for one segment. The route that was added last wins. By default, `/_ping` and `/version` answer like a 20.10
// engine. A request without a route gets a 404.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/endpoint.hpp"

namespace dind::faults {

struct FakeRequest {
  std::string method;
  std::string target;                          // as received, with prefix and query
  std::string path;                            // without prefix and query
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct FakeReply {
  enum class Then {
    keep,   // ready for the next request
    close,  // an orderly end of the connection
    reset,  // RST on TCP; on a unix socket the same as close
    hang,   // nothing more, until the client closes
  };
  int status = 200;
  std::string body;
  std::map<std::string, std::string> headers;
  Then then = Then::keep;
  std::string held_until;          // the path of a POST: the body is sent after it, as output after a start
  std::string first;               // with held_until: is sent then; the body waits for the client's first bytes
  bool no_head = false;            // sends nothing at all before `then`
  std::string cut;                 // with no_head: the bytes of a reply that are sent before the connection breaks
  std::size_t content_length = 0;  // the value in the head; 0: the real length
  bool chunked = false;            // the body as one chunk; without a last chunk unless `then` is keep

  static FakeReply json(int status, std::string body) {
    return {.status = status, .body = std::move(body), .headers = {{"Content-Type", "application/json"}}};
  }
  static FakeReply silence() { return {.then = Then::hang, .no_head = true}; }
  // The reply to attach: an upgraded connection, these bytes, and then what `then` says.
  static FakeReply attached(std::string bytes, Then then) {
    return {.status = 101, .body = std::move(bytes), .then = then};
  }
};

class FakeEngine {
 public:
  enum class Transport { unix_socket, tcp };
  using Handler = std::function<FakeReply(const FakeRequest&)>;  // runs on the fake's thread

  explicit FakeEngine(Transport transport = Transport::unix_socket);
  ~FakeEngine();
  FakeEngine(const FakeEngine&) = delete;
  FakeEngine& operator=(const FakeEngine&) = delete;

  engine::Endpoint endpoint() const;
  void on(const std::string& method, const std::string& path, FakeReply reply);
  void on(const std::string& method, const std::string& path, Handler handler);

  // Answers after the head of a request and reads no more until the client closes. `requests` does not have it.
  void refuse(const std::string& path, FakeReply reply);

  std::vector<FakeRequest> requests() const;
  std::size_t count(const std::string& method, const std::string& path) const;  // of requests; path as in `on`
  std::string received() const;     // the bytes that clients sent so far, after an upgrade or in chunks
  std::size_t connections() const;  // accepted so far
  std::size_t open_connections() const;
  void drop_connections();  // closes all open ones, as a restart does
  void stop_listening();    // the socket stays in the file system and refuses connections
  void listen_again();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dind::faults
