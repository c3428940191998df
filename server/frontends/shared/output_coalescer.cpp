#include "frontends/shared/output_coalescer.hpp"

#include <algorithm>

#include "support/io/fd_writer.hpp"

namespace dind::frontends {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kBatch = 2;    // messages of a merged batch: one for each channel
constexpr std::size_t kReserve = 2;  // messages kept for finish(), which does not wait

}  // namespace

std::shared_ptr<OutputCoalescer> OutputCoalescer::make(asio::any_io_executor executor, Send send) {
  return std::shared_ptr<OutputCoalescer>(new OutputCoalescer(std::move(executor), std::move(send)));
}

void OutputCoalescer::append(Channel channel, std::string text, OutputCredit credit) {
  if (pieces_.empty() || pieces_.back().channel != channel) pieces_.push_back({channel, {}, {}});
  pieces_.back().text += text;
  pieces_.back().credits.push_back(std::move(credit));
}

void OutputCoalescer::add(Channel channel, std::string_view bytes, OutputCredit credit) {
  if (finished_) return;
  append(channel, streams_[channel == Channel::err].add(bytes), std::move(credit));
  if (scheduled_) return;
  const auto now = Clock::now();
  const auto when = next_flush(now);
  if (when <= now) {
    flush();
    return;
  }
  scheduled_ = true;
  spawn(executor_, "output of a run", flush_later(shared_from_this(), when));
}

Task<void> OutputCoalescer::flush_later(std::shared_ptr<OutputCoalescer> self, Deadline when) {
  co_await sleep_until(when);
  self->scheduled_ = false;
  if (!self->finished_) self->flush();
}

Deadline OutputCoalescer::next_flush(Deadline now) {
  while (!sent_.empty() && sent_.front() + 1s <= now) sent_.pop_front();
  const auto by_rate = sent_.size() + kBatch <= kMaxPerSecond - kReserve
                           ? now
                           : sent_[sent_.size() + kBatch + kReserve - kMaxPerSecond - 1] + 1s;
  return std::max(by_rate, last_flush_ + kFlushInterval);
}

// There are more pieces than messages are allowed. Joins the text of each channel, in the
// order in which the channels began.
void OutputCoalescer::merge() {
  std::vector<Piece> merged;
  for (auto& piece : pieces_) {
    const auto same = std::ranges::find(merged, piece.channel, &Piece::channel);
    if (same == merged.end()) {
      merged.push_back(std::move(piece));
    } else {
      same->text += piece.text;
      std::ranges::move(piece.credits, std::back_inserter(same->credits));
    }
  }
  pieces_ = std::move(merged);
}

void OutputCoalescer::flush() {
  const auto now = Clock::now();
  while (!sent_.empty() && sent_.front() + 1s <= now) sent_.pop_front();
  if (pieces_.size() + sent_.size() > kMaxPerSecond - kReserve) merge();
  last_flush_ = now;
  send_all();
}

void OutputCoalescer::send_all() {
  for (auto& piece : std::exchange(pieces_, {})) {
    if (piece.text.empty()) continue;  // the start of a UTF-8 sequence, whose rest has not come; its credit returns
    sent_.push_back(Clock::now());
    send_(piece.channel, std::move(piece.text), hold(std::move(piece.credits)));
  }
}

void OutputCoalescer::finish() {
  if (std::exchange(finished_, true)) return;
  next_flush(Clock::now());  // forgets what is older than a second
  for (const auto channel : {Channel::out, Channel::err}) {
    if (auto rest = streams_[channel == Channel::err].finish(); !rest.empty()) append(channel, std::move(rest), {});
  }
  if (pieces_.size() + sent_.size() > kMaxPerSecond) merge();
  send_all();
}

}  // namespace dind::frontends
