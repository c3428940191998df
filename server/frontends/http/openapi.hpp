// The description of the HTTP frontend (openapi.json).
#pragma once

#include <string>

namespace dind::frontends::http {

// An OpenAPI 3.1 document with the version of the program.
std::string openapi_document(const std::string& version);

}  // namespace dind::frontends::http
