#include "services/builds/build_lines.hpp"

#include <charconv>

namespace dind {
namespace {

struct Count {
  std::size_t step = 0, all = 0;
  std::size_t begin = 0, end = 0;  // where "2/5" is in the line
};

std::optional<Count> count_in(std::string_view line) {
  const auto slash = line.find('/');
  const auto first = line.find_first_of("0123456789");
  if (slash == std::string_view::npos || first == std::string_view::npos || first > slash) return std::nullopt;
  Count count{.begin = first};
  std::from_chars(line.data() + first, line.data() + slash, count.step);
  const auto read = std::from_chars(line.data() + slash + 1, line.data() + line.size(), count.all);
  count.end = static_cast<std::size_t>(read.ptr - line.data());
  if (count.step < 1 || count.all < count.step) return std::nullopt;
  return count;
}

}  // namespace

std::optional<int> percent_of(std::string_view line) {
  const auto count = count_in(line);
  if (!count) return std::nullopt;
  return static_cast<int>(100 * (count->step - 1) / count->all);
}

std::string to_author_lines(std::string message, const std::vector<std::size_t>& added_after) {
  // Docker 23 and later versions write the second form.
  for (const std::string_view mark : {"parse error line ", "parse error on line "}) {
    const auto at = message.find(mark);
    if (at == std::string::npos) continue;
    std::size_t line = 0;
    const char* begin = message.data() + at + mark.size();
    const auto read = std::from_chars(begin, message.data() + message.size(), line);
    if (read.ec != std::errc()) return message;
    std::size_t added = 0;
    for (const auto after : added_after) added += after + added < line ? 1 : 0;
    return message.replace(at + mark.size(), static_cast<std::size_t>(read.ptr - begin), std::to_string(line - added));
  }
  return message;
}

std::optional<std::string> StepNumbering::line(std::string_view text) {
  const auto count = count_in(text);
  if (!count || count->step != last_ + 1 || count->all <= times_) return std::string(text);
  last_ = count->step;
  all_ = count->all;
  if (seen_ < times_ && text.substr(count->end) == " : " + ours_) {
    ++seen_;
    return std::nullopt;
  }
  return std::string(text.substr(0, count->begin)) + std::to_string(count->step - seen_) + "/" +
         std::to_string(count->all - times_) + std::string(text.substr(count->end));
}

bool StepNumbering::stage_is_whole() { return ++stages_ == times_ && last_ > 0 && last_ == all_; }

}  // namespace dind
