// Facts about Python packages by name: the programs that they bring, and modules whose package has another name.
#pragma once

#include <string>
#include <string_view>

namespace dind::languages {

// "pytest", "black": a package brings it, and `python3 -m NAME` runs it.
bool is_python_tool(std::string_view program);

// The package that brings a module: "opencv-python-headless" for "cv2". The module's own name if no other is known.
std::string python_package(std::string_view module);

}  // namespace dind::languages
