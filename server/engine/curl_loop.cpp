#include "engine/curl_loop.hpp"

#include <new>
#include <stdexcept>
#include <utility>

namespace dind::engine {

std::shared_ptr<CurlLoop> CurlLoop::create(const asio::any_io_executor& executor) {
  return std::shared_ptr<CurlLoop>(new CurlLoop(executor));
}

CurlLoop::CurlLoop(const asio::any_io_executor& executor) : executor_(executor), timer_(executor) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised != CURLE_OK) throw std::runtime_error("libcurl can't be initialised");
  multi_ = curl_multi_init();
  if (multi_ == nullptr) throw std::bad_alloc();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLoop::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLoop::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 16L);  // idle connections that are kept for the next call
}

CurlLoop::~CurlLoop() {
  curl_multi_cleanup(multi_);  // closes idle connections, and calls on_socket for each
  for (auto& [socket, watch] : watches_) watch->descriptor.release();
}

void CurlLoop::add(CURL* easy, std::function<void(CURLcode)> on_done) {
  transfers_.emplace(easy, std::move(on_done));
  if (const CURLMcode code = curl_multi_add_handle(multi_, easy); code != CURLM_OK) {
    transfers_.erase(easy);
    throw std::runtime_error(std::string("curl_multi_add_handle: ") + curl_multi_strerror(code));
  }
}

void CurlLoop::remove(CURL* easy) {
  if (transfers_.erase(easy) != 0) curl_multi_remove_handle(multi_, easy);
}

int CurlLoop::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  static_cast<CurlLoop*>(self)->watch_socket(socket, what);
  return 0;
}

int CurlLoop::on_timer(CURLM*, long milliseconds, void* self) {
  static_cast<CurlLoop*>(self)->set_timer(milliseconds);
  return 0;
}

void CurlLoop::watch_socket(curl_socket_t socket, int what) {
  const auto found = watches_.find(socket);
  if (what == CURL_POLL_REMOVE) {
    if (found == watches_.end()) return;
    found->second->wanted = 0;
    found->second->descriptor.release();  // pending waits end; the descriptor stays open until curl closes it
    watches_.erase(found);
    return;
  }
  const auto watch = found != watches_.end()
                         ? found->second
                         : watches_.emplace(socket, std::make_shared<Watch>(executor_, socket)).first->second;
  watch->wanted = (what & CURL_POLL_IN ? CURL_CSELECT_IN : 0) | (what & CURL_POLL_OUT ? CURL_CSELECT_OUT : 0);
  arm(watch);
}

void CurlLoop::arm(const std::shared_ptr<Watch>& watch) {
  for (const int event : {CURL_CSELECT_IN, CURL_CSELECT_OUT})
    if ((watch->wanted & event) != 0 && (watch->waiting & event) == 0) wait(watch, event);
}

void CurlLoop::wait(const std::shared_ptr<Watch>& watch, int event) {
  watch->waiting |= event;
  watch->descriptor.async_wait(
      event == CURL_CSELECT_IN ? asio::posix::descriptor_base::wait_read : asio::posix::descriptor_base::wait_write,
      [weak_loop = weak_from_this(), weak_watch = std::weak_ptr(watch), event](const boost::system::error_code& error) {
        const auto self = weak_loop.lock();
        const auto ready_watch = weak_watch.lock();
        if (self && ready_watch) self->ready(ready_watch, event, error.failed());
      });
}

void CurlLoop::ready(const std::shared_ptr<Watch>& watch, int event, bool failed) {
  watch->waiting &= ~event;
  if ((watch->wanted & event) == 0) return;  // curl no longer wants this event, or has dropped the socket
  act(watch->socket, failed ? CURL_CSELECT_ERR : event);
  arm(watch);
}

void CurlLoop::set_timer(long milliseconds) {
  const auto generation = ++timer_generation_;
  if (milliseconds < 0) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::chrono::milliseconds(milliseconds));
  timer_.async_wait([weak_loop = weak_from_this(), generation](const boost::system::error_code& error) {
    const auto self = weak_loop.lock();
    if (!error && self && self->timer_generation_ == generation) self->act(CURL_SOCKET_TIMEOUT, 0);
  });
}

void CurlLoop::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto transfer = transfers_.find(message->easy_handle);
    if (transfer == transfers_.end() || !transfer->second) continue;
    const auto on_done = std::exchange(transfer->second, nullptr);
    on_done(message->data.result);
  }
}

}  // namespace dind::engine
