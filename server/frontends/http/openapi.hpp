// The description of the HTTP face, as openapi.json holds it.
#pragma once

#include <string>

namespace dind::frontends::http {

// An OpenAPI 3.1 document, with the program's version in it.
std::string openapi_document(const std::string& version);

}  // namespace dind::frontends::http
