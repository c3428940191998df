#include "support/exception_text.hpp"

#include <boost/system/system_error.hpp>
#include <cerrno>
#include <new>
#include <system_error>

#include "support/io/descriptors.hpp"

namespace dind {

std::string exception_text(const std::exception& e) {
  const auto* system = dynamic_cast<const std::system_error*>(&e);
  const auto* boost = dynamic_cast<const boost::system::system_error*>(&e);
  const int error = system != nullptr ? system->code().value() : boost != nullptr ? boost->code().value() : 0;
  if (no_descriptors_left(error)) return "It can't be started. " + descriptor_shortage();
  if (error == EAGAIN || error == ENOMEM || dynamic_cast<const std::bad_alloc*>(&e) != nullptr)
    return "It can't be started or go on: there is not enough memory, or there are too many threads. Raise the limit "
           "of this process (ulimit -v, ulimit -u, or that of its container)";
  return std::string("a bug in dind-executor: ") + e.what();
}

}  // namespace dind
