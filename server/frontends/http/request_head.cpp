#include "frontends/http/request_head.hpp"

namespace dind::frontends::http {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

namespace {

std::string text(beast::string_view view) { return {view.data(), view.size()}; }

std::string field(const HttpMessage& message, bhttp::field name) { return text(message[name]); }

std::optional<std::string> optional_field(const HttpMessage& message, bhttp::field name) {
  const auto found = message.find(name);
  return found == message.end() ? std::nullopt : std::optional(text(found->value()));
}

// All fields of one name as the one list that they are (RFC 9110, section 5.3).
std::string list_field(const HttpMessage& message, bhttp::field name) {
  std::string list;
  const auto [first, last] = message.equal_range(name);
  for (auto each = first; each != last; ++each) list += (each == first ? "" : ", ") + text(each->value());
  return list;
}

}  // namespace

RequestHead head_of(const HttpMessage& message, bool has_body) {
  RequestHead head{.method = text(message.method_string()),
                   .target = text(message.target()),
                   .origin = optional_field(message, bhttp::field::origin),
                   .authorization = optional_field(message, bhttp::field::authorization),
                   .content_type = field(message, bhttp::field::content_type),
                   .content_encoding = field(message, bhttp::field::content_encoding),
                   .accept = list_field(message, bhttp::field::accept),
                   .has_body = has_body,
                   .version = message.version()};
  const auto [first, last] = message.equal_range(bhttp::field::host);
  for (auto host = first; host != last; ++host) head.hosts.push_back(text(host->value()));
  return head;
}

bool has_unambiguous_length(const HttpMessage& message) {
  const auto codings = message.count(bhttp::field::transfer_encoding);
  const auto lengths = message.count(bhttp::field::content_length);
  if (codings == 0) return lengths <= 1 && !message[bhttp::field::content_length].contains(',');
  return codings == 1 && lengths == 0 && message.version() == 11 &&
         beast::iequals(message[bhttp::field::transfer_encoding], "chunked");
}

bool is_json(std::string_view content_type) {
  const auto end = content_type.find(';');
  auto type = content_type.substr(0, end);
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return beast::iequals(type, "application/json");
}

}  // namespace dind::frontends::http
