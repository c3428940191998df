#include "frontends/lsp/line_index.hpp"

#include <algorithm>

namespace dind::frontends::lsp {
namespace {

bool begins_line(std::string_view text, std::size_t at) {
  if (at == 0) return true;
  return text[at - 1] == '\n' || (text[at - 1] == '\r' && (at == text.size() || text[at] != '\n'));
}

std::vector<std::size_t> starts_in(std::string_view text, std::size_t from, std::size_t to) {
  std::vector<std::size_t> starts;
  for (auto at = std::max<std::size_t>(from, 1); at <= to; ++at) {
    const auto end = text.substr(0, to).find_first_of("\r\n", at - 1);
    if (end == std::string_view::npos) break;
    at = end + 1;
    if (begins_line(text, at)) starts.push_back(at);
  }
  return starts;
}

std::size_t not_ascii(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0x80) != 0; }));
}

}  // namespace

LineIndex::LineIndex(std::string_view text) : others_(not_ascii(text)) {
  const auto more = starts_in(text, 1, text.size());
  starts_.insert(starts_.end(), more.begin(), more.end());
  shifted_ = starts_.size();
}

std::size_t LineIndex::start(std::size_t line) const {
  return line < shifted_ ? starts_[line] : starts_[line] + static_cast<std::size_t>(shift_);
}

std::size_t LineIndex::first_from(std::size_t offset) const {
  std::size_t low = 0;
  std::size_t high = starts_.size();
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    if (start(middle) < offset)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

void LineIndex::move_shift(std::size_t line) {
  const auto by = static_cast<std::size_t>(shift_);
  for (; shifted_ < line; ++shifted_) starts_[shifted_] += by;
  for (; shifted_ > line; --shifted_) starts_[shifted_ - 1] -= by;
}

void LineIndex::replaced(std::size_t begin, std::string_view removed, std::size_t added, std::string_view text) {
  others_ += not_ascii(text.substr(begin, added));
  others_ -= not_ascii(removed);
  // A line start depends on the bytes on both sides of it. So the starts up to `begin` and after the end do not change.
  const auto first = first_from(std::max<std::size_t>(begin, 1));
  const auto last = first_from(begin + removed.size() + 1);
  move_shift(last);
  const auto made = starts_in(text, begin, begin + added);
  const auto kept = std::min(made.size(), last - first);
  std::copy_n(made.begin(), kept, starts_.begin() + static_cast<std::ptrdiff_t>(first));
  const auto at = starts_.begin() + static_cast<std::ptrdiff_t>(first + kept);
  if (made.size() > kept)
    starts_.insert(at, made.begin() + static_cast<std::ptrdiff_t>(kept), made.end());
  else
    starts_.erase(at, starts_.begin() + static_cast<std::ptrdiff_t>(last));
  shifted_ = first + made.size();
  shift_ += static_cast<std::ptrdiff_t>(added) - static_cast<std::ptrdiff_t>(removed.size());
}

}  // namespace dind::frontends::lsp
