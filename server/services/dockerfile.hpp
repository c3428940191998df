// What a Dockerfile builds on. Pure; the builder reads the rest.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dind {

// The images that its FROM lines name, each once, in order, with the defaults of the ARGs before the first of them put
// in. Without `scratch`, earlier stages, and what an unknown ARG names.
std::vector<std::string> base_images(std::string_view dockerfile);

}  // namespace dind
