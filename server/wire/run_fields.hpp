// The fields of a run that every frontend has: one line for each. `Fields` reads (RequestFields) or writes
// (FieldWriter).
#pragma once

#include <string>

#include "dind/limit_bounds.hpp"
#include "dind/run_spec.hpp"
#include "wire/field_writer.hpp"
#include "wire/request_fields.hpp"

namespace dind {

// A list of hosts is a network that the sandbox does not have yet.
template <typename Into>
void network_field(RequestFields& fields, Into& into) {
  if (const auto* value = fields.find("network"); value != nullptr && value->is_object() && value->contains("hosts"))
    return fields.refuse("\"network\" is a list of hosts, which is not supported yet; use \"none\" or \"internet\"");
  fields.choice("network", into);
}
inline void network_field(FieldWriter& fields, const Network& network) { fields.choice("network", network); }

// `CommonFields` of api/run_request.schema.json, except `stdin`.
template <typename Fields, typename Of>
void common_fields(Fields& fields, Of& spec) {
  fields.non_empty_text("runId", spec.run_id);
  fields.variables("env", spec.env);
  network_field(fields, spec.network);
  fields.choice("isolation", spec.isolation);
  fields.flag("record", spec.record);
}

// `LimitFields` of api/limits.schema.json.
template <typename Fields, typename Of>
void limit_fields(Fields& fields, Of& limits) {
  fields.seconds("timeout", limits.timeout);
  fields.bytes("memory", limits.memory_bytes, kMinMemoryBytes);
  fields.number("cpus", limits.cpus, kMinCpus, kMaxCpus);
  fields.whole("pids", limits.pids, kMinPids, kMaxPids);
  fields.bytes("tmp", limits.tmp_bytes, kMinTmpBytes);
}

inline void working_dir_field(RequestFields& fields, std::string& into) {
  fields.text("workingDir", into);
  if (fields.is_client() && !into.empty() && !into.starts_with('/'))
    fields.wrong("workingDir", "an absolute path in the sandbox such as \"/workspaces/project\"");
}
inline void working_dir_field(FieldWriter& fields, const std::string& value) { fields.text("workingDir", value); }

}  // namespace dind
