// A Docker engine that lies, hangs and breaks off as a test tells it to: HTTP on a unix socket or on loopback TCP, on
// its own thread.
//
// Every method may be called from any thread. Routes are matched without the version prefix ("/v1.41") and the query;
// "*" in a path stands for one segment; the route that was added last wins. `/_ping` and `/version` answer like a 20.10
// engine unless a test says otherwise; what has no route is a 404.
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
  std::string target;                          // as it came, with prefix and query
  std::string path;                            // without both
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct FakeReply {
  enum class Then {
    keep,   // ready for the next request
    close,  // an orderly end of the connection
    reset,  // RST on TCP; on a unix socket the same as close
    hang,   // nothing more, until the client goes
  };
  int status = 200;
  std::string body;
  std::map<std::string, std::string> headers;
  Then then = Then::keep;
  std::string
      held_until;  // status 101: the path of a POST; the body comes after that, as a program's output after its start
  std::string first;               // with held_until: comes then; the body waits for the client's first bytes
  bool no_head = false;            // sends nothing at all before `then`
  std::string cut;                 // with no_head: these bytes of a reply, as a connection that breaks leaves them
  std::size_t content_length = 0;  // what the head claims; 0: the truth
  bool chunked = false;            // the body as one chunk; without a last chunk unless `then` is keep

  static FakeReply json(int status, std::string body) {
    return {.status = status, .body = std::move(body), .headers = {{"Content-Type", "application/json"}}};
  }
  static FakeReply silence() { return {.then = Then::hang, .no_head = true}; }
  // The answer to attach: an upgraded connection, these bytes, then.
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

  // Answers by the head of a request alone, and reads nothing more until the client goes. It isn't among `requests`.
  void refuse(const std::string& path, FakeReply reply);

  std::vector<FakeRequest> requests() const;
  std::size_t count(const std::string& method, const std::string& path) const;  // of requests; path as in `on`
  std::string received() const;     // after an upgrade, or in chunks: the bytes that clients sent, as they come
  std::size_t connections() const;  // accepted so far
  std::size_t open_connections() const;
  void drop_connections();  // all that are open, as a restart does
  void stop_listening();    // the socket stays in the file system, refusing
  void listen_again();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dind::faults
