#include "wire/field_writer.hpp"

namespace dind {

void FieldWriter::text(const char* name, const std::string& value) {
  if (!value.empty() || absent_ == Absent::null) object_[name] = value;
}

void FieldWriter::non_empty_text(const char* name, const std::string& value) {
  if (value.empty())
    absent(name);
  else
    object_[name] = value;
}

void FieldWriter::texts(const char* name, const std::vector<std::string>& value) {
  if (!value.empty() || absent_ == Absent::null) object_[name] = value;
}

void FieldWriter::variables(const char* name, const std::map<std::string, std::string>& value) {
  if (!value.empty() || absent_ == Absent::null) object_[name] = value;
}

void FieldWriter::seconds(const char* name, const std::optional<std::chrono::milliseconds>& value) {
  if (value)
    object_[name] = static_cast<double>(value->count()) / 1000.0;
  else
    absent(name);
}

void FieldWriter::milliseconds(const char* name, const std::optional<std::chrono::microseconds>& value) {
  if (value)
    object_[name] = static_cast<double>(value->count()) / 1000.0;
  else
    absent(name);
}

}  // namespace dind
