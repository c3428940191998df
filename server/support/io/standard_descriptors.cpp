#include "support/io/standard_descriptors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <initializer_list>

namespace dind {
namespace {

std::array<bool, 3> closed_at_start{};

}  // namespace

void open_standard_descriptors() {
  constexpr int kNotRunExit = 125;
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    closed_at_start[static_cast<std::size_t>(descriptor)] = true;
    // open() takes the lowest free number. All numbers below this one are open by now.
    if (::open("/dev/null", O_RDWR) != descriptor) std::_Exit(kNotRunExit);
  }
}

bool was_closed(int descriptor) {
  return descriptor >= 0 && static_cast<std::size_t>(descriptor) < closed_at_start.size() &&
         closed_at_start[static_cast<std::size_t>(descriptor)];
}

void leave_standard_streams() {
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing == -1) return;
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(nothing, STDOUT_FILENO);
  ::close(nothing);
}

}  // namespace dind
