// What an exception that nobody expected says to a person.
#pragma once

#include <exception>
#include <string>

namespace dind {

// One line. Where it comes from a lack of descriptors, memory or threads: that, and the limit to raise (R17). Anything
// else: "a bug in dind-executor: …".
std::string exception_text(const std::exception& e);

}  // namespace dind
