#include "services/history/history.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "support/clock.hpp"
#include "support/ids.hpp"
#include "support/units.hpp"

namespace dind {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// getpwuid is not used: the static program has no name service.
std::string user_name() {
  const std::string uid = std::to_string(geteuid());
  std::ifstream accounts("/etc/passwd");
  for (std::string line; std::getline(accounts, line);) {
    const auto name = line.find(':');
    const auto password = name == std::string::npos ? name : line.find(':', name + 1);
    if (password == std::string::npos) continue;
    if (line.substr(password + 1, line.find(':', password + 1) - password - 1) == uid) return line.substr(0, name);
  }
  for (const char* named : {"LOGNAME", "USER"})
    if (auto name = variable(named); !name.empty()) return name;
  return "uid " + uid;
}

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

// At most the first `most` bytes of `text`, with secrets masked. At the cut, it leaves out what may be a part of one.
std::string masked_head(std::string_view text, const SecretMask& secrets, std::size_t most) {
  if (!secrets.few()) return {};
  const auto longest = secrets.values().empty() ? 0 : secrets.values().front().size();
  MaskedStream stream(secrets);
  auto head = stream.add(text.substr(0, most + longest));
  if (text.size() <= most + longest) head += stream.rest();
  if (head.size() > most) head.resize(most);
  return head;
}

// `text` with secrets masked and at most kKeptProgram bytes long. If the result differs from `text`, `gap` gets the
// reason.
std::string kept(std::string_view text, const SecretMask& secrets, ProgramGap& gap) {
  if (!secrets.few()) {
    gap = ProgramGap::secret;
    return {};
  }
  if (text.size() > kKeptProgram) gap = ProgramGap::too_large;
  auto part = masked_head(text, secrets, kKeptProgram);
  if (!text.starts_with(part)) gap = ProgramGap::secret;
  return part;
}

std::size_t size_of(const std::vector<std::string>& texts) {
  std::size_t bytes = 0;
  for (const auto& text : texts) bytes += text.size() + 1;
  return bytes;
}

std::vector<std::string> kept(const std::vector<std::string>& texts, const SecretMask& secrets, ProgramGap& gap) {
  std::vector<std::string> result;
  if (size_of(texts) > kKeptProgram) {
    gap = ProgramGap::too_large;
    return result;
  }
  if (!secrets.few()) {
    if (!texts.empty()) gap = ProgramGap::secret;
    return result;
  }
  for (const auto& text : texts) {
    result.push_back(secrets.masked(text));
    if (result.back() != text) gap = ProgramGap::secret;
  }
  return result;
}

Command kept_command(const Command& command, const SecretMask& secrets, ProgramGap& gap) {
  return std::visit([&](const auto& what) { return Command(kept(what, secrets, gap)); }, command);
}

// Copies the parts of a build that may be long, or contain a secret.
void keep_build(const BuildProgram& build, const SecretMask& secrets, BuildProgram& copy, ProgramGap& gap) {
  if (build.ignore) copy.ignore = kept(*build.ignore, secrets, gap);
  if (!secrets.few()) {
    if (!build.arguments.empty()) gap = ProgramGap::secret;
    return;
  }
  std::size_t bytes = 0;
  for (const auto& [name, value] : build.arguments) {
    bytes += name.size() + value.size();
    if (bytes > kKeptProgram) {
      gap = ProgramGap::too_large;
      return;
    }
    const bool secret = looks_secret(name, value);
    copy.arguments[name] = secret ? std::string(kWithheld) : secrets.masked(value);
    if (copy.arguments[name] != value) gap = ProgramGap::secret;
  }
}

}  // namespace

std::string history_path(const HistoryPolicy& policy) {
  if (!policy.path.empty()) return policy.path;
  // A relative path is invalid (XDG Base Directory Specification).
  if (const auto state = variable("XDG_STATE_HOME"); state.starts_with('/')) return state + "/dind-executor/history.db";
  if (const auto home = variable("HOME"); !home.empty()) return home + "/.local/state/dind-executor/history.db";
  return {};
}

std::string_view to_string(HistoryState state) {
  switch (state) {
    case HistoryState::running:
      return "running";
    case HistoryState::finished:
      return "finished";
    case HistoryState::error:
      return "error";
    case HistoryState::interrupted:
      return "interrupted";
  }
  return "interrupted";
}

std::string_view to_string(ProgramGap gap) {
  return gap == ProgramGap::none ? "none" : gap == ProgramGap::too_large ? "too_large" : "secret";
}

std::optional<ProgramGap> program_gap(std::string_view text) {
  for (const auto each : {ProgramGap::none, ProgramGap::too_large, ProgramGap::secret})
    if (to_string(each) == text) return each;
  return std::nullopt;
}

std::optional<HistoryState> history_state(std::string_view text) {
  for (const auto state :
       {HistoryState::running, HistoryState::finished, HistoryState::error, HistoryState::interrupted})
    if (to_string(state) == text) return state;
  return std::nullopt;
}

void OutputKeeper::add(std::string_view bytes) {
  if (secrets_.values().empty()) {
    keep(bytes);
  } else if (!secrets_.few()) {
    total_ += bytes.size();
  } else {
    // Search for secrets in larger pieces, because each search also covers the bytes before the piece again.
    waiting_ += bytes;
    if (waiting_.size() >= kPiece) keep(masked_.add(std::exchange(waiting_, {})));
  }
}

KeptOutput OutputKeeper::take() {
  keep(masked_.add(std::exchange(waiting_, {})));
  keep(masked_.rest());
  if (tail_.size() > part_) tail_.erase(0, tail_.size() - part_);
  KeptOutput output{.head = std::move(head_), .tail = std::move(tail_), .left_out = 0};
  output.left_out = total_ - output.head.size() - output.tail.size();
  return output;
}

void OutputKeeper::keep(std::string_view bytes) {
  total_ += bytes.size();
  const auto first = bytes.substr(0, part_ - std::min(part_, head_.size()));
  head_ += first;
  bytes.remove_prefix(first.size());
  if (bytes.size() >= part_) {
    tail_.assign(bytes.substr(bytes.size() - part_));
    return;
  }
  tail_ += bytes;
  if (tail_.size() > 2 * part_) tail_.erase(0, tail_.size() - part_);
}

SecretMask secret_mask(const RunSpec& spec) {
  auto variables = spec.env;
  if (const auto* build = std::get_if<BuildProgram>(&spec.program))
    for (const auto& [name, value] : build->arguments) variables.emplace(name + " (build)", value);
  return SecretMask(variables);
}

namespace {

// A caller may send a value of any length. A longer value is not a valid name, and the run is refused.
constexpr std::size_t kMaxNameLength = 1024;

using Program = decltype(RunSpec::program);

Program kept_program(const Program& program, const SecretMask& secrets, ProgramGap& gap) {
  if (const auto* source = std::get_if<SourceProgram>(&program)) {
    SourceProgram copy{.file_name = masked_head(source->file_name, secrets, 255),
                       .text = kept(source->text, secrets, gap),
                       .language = source->language,
                       .folder = source->folder.substr(0, kMaxNameLength)};
    if (source->language && source->language->size() > kMaxNameLength) copy.language.reset();
    return copy;
  }
  if (const auto* build = std::get_if<BuildProgram>(&program)) {
    BuildProgram copy{.dockerfile = kept(build->dockerfile, secrets, gap),
                      .context_path = masked_head(build->context_path, secrets, kMaxNameLength),
                      .command = {},
                      .context_root = masked_head(build->context_root, secrets, kMaxNameLength),
                      .dockerfile_name = masked_head(build->dockerfile_name, secrets, kMaxNameLength),
                      .target = build->target.substr(0, kMaxNameLength)};
    keep_build(*build, secrets, copy, gap);
    if (build->command) copy.command = kept_command(*build->command, secrets, gap);
    return copy;
  }
  const auto& command = std::get<CommandProgram>(program);
  return CommandProgram{
      .command = kept_command(command.command, secrets, gap), .language = command.language, .images = command.images};
}

void keep_environment(const std::map<std::string, std::string>& env, const SecretMask& secrets, HistoryRecord& record) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : env) {
    bytes += name.size() + value.size();
    if (bytes > kKeptProgram) {
      record.gap = ProgramGap::too_large;
      break;
    }
    const bool secret = !secrets.few() || secrets.names().contains(name);
    const auto& stored = record.spec.env[name] = secret ? std::string(kWithheld) : secrets.masked(value);
    // A harmless variable whose value contains another one's secret is withheld too.
    if (stored != value) record.withheld.push_back(name);
  }
}

}  // namespace

HistoryRecord new_record(const RunSpec& spec, const SecretMask& secrets, std::string frontend) {
  static const std::string user = user_name();
  HistoryRecord record{.id = random_id(),
                       .run_id = spec.run_id.value_or("").substr(0, 64),
                       .user = user,
                       .frontend = std::move(frontend),
                       .owner = process_owner()};
  if (record.run_id.empty()) record.run_id = record.id;
  record.began = unix_now_ms();
  RunSpec& copy = record.spec;
  copy.program = kept_program(spec.program, secrets, record.gap);
  if (spec.image) copy.image = spec.image->substr(0, kMaxNameLength);
  copy.args = kept(spec.args, secrets, record.gap);
  keep_environment(spec.env, secrets, record);
  copy.limits = spec.limits;
  copy.network = spec.network;
  copy.pull = spec.pull;
  copy.dependencies = kept(spec.dependencies, secrets, record.gap);
  copy.constraints = kept(spec.constraints, secrets, record.gap);
  for (auto* list : {&copy.dependencies, &copy.constraints})
    for (auto& each : *list) {  // removes the user and password of an index
      auto clean = without_credentials(each);
      if (clean != each) record.gap = ProgramGap::secret;
      each = std::move(clean);
    }
  copy.workspace = spec.workspace;
  copy.writable_folder = masked_head(spec.writable_folder, secrets, kMaxNameLength);
  // With a masked path, a rerun would make another folder writable, or none.
  if (copy.writable_folder != spec.writable_folder) record.gap = ProgramGap::secret;
  copy.working_dir = masked_head(spec.working_dir, secrets, kMaxNameLength);
  copy.isolation = spec.isolation;
  copy.total_timeout = spec.total_timeout;
  copy.caller.client = spec.caller.client.substr(0, kMaxNameLength);
  return record;
}

Result<RunSpec> spec_again(const HistoryRecord& record, const std::map<std::string, std::string>& env,
                           const std::optional<std::vector<std::string>>& args) {
  if (record.gap == ProgramGap::too_large)
    return fail(ErrorCode::invalid_request,
                "Run " + record.id + " had a program or arguments of more than " + format_bytes(kKeptProgram) +
                    ", which the history doesn't keep; run its file: `dind-executor run FILE`");
  if (record.gap == ProgramGap::secret)
    return fail(ErrorCode::invalid_request, "Run " + record.id +
                                                " had a secret in its program, arguments or dependencies, which the "
                                                "history does not keep; run its file: `dind-executor run FILE`");
  std::vector<std::string> missing;
  for (const auto& name : record.withheld)
    if (!env.contains(name)) missing.push_back(name);
  if (!missing.empty())
    return fail(ErrorCode::invalid_request, "Run " + record.id + " had secrets, which the history doesn't keep; give " +
                                                joined(missing, ", ") + " again: `dind-executor history rerun " +
                                                record.id + " --env " + joined(missing, "=… --env ") + "=…`");
  RunSpec spec = record.spec;
  for (const auto& [name, value] : env) spec.env[name] = value;
  if (args) {
    if (!std::holds_alternative<SourceProgram>(spec.program))
      return fail(ErrorCode::invalid_request, "Run " + record.id +
                                                  " was a command, whose arguments are part of it; "
                                                  "run it again: `dind-executor run --image IMAGE -- COMMAND`");
    spec.args = *args;
  }
  spec.run_id.reset();
  spec.caller.client.clear();  // the client that runs it now sets its own
  return spec;
}

PruneRequest prune_request(const HistoryPolicy& policy) {
  return {.keep = policy.max_runs, .older_than = policy.max_age, .max_bytes = policy.max_bytes};
}

}  // namespace dind
