#include "faces/editor/run_request.hpp"

#include <filesystem>
#include <fstream>

#include "faces/editor/uri.hpp"
#include "rpc/params.hpp"
#include "services/languages_service.hpp"
#include "support/ids.hpp"

namespace dind::faces::editor {
namespace {

using rpc::Json;

constexpr std::uintmax_t kMostFileBytes = 16U << 20;

bool all_strings(const Json& values) {
  for (const Json& value : values)
    if (!value.is_string()) return false;
  return true;
}

Result<std::string> read_file(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code problem;
  const auto status = fs::status(path, problem);
  if (!fs::exists(status)) return fail(ErrorCode::not_found, path + " is not there: save it, or open another file");
  if (fs::is_directory(status))
    return fail(ErrorCode::invalid_request, path + " is a folder: open a file in it and run that");
  if (!fs::is_regular_file(status)) return fail(ErrorCode::invalid_request, path + " is no regular file");
  const auto size = fs::file_size(path, problem);
  if (!problem && size > kMostFileBytes)
    return fail(ErrorCode::invalid_request, path + " is larger than 16 MiB, which is the most that a program may have");
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(problem ? 0 : size), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file) return fail(ErrorCode::invalid_request, path + " can't be read: check its permissions");
  return text;
}

// Everything of a spec but its program, whose language chooses the image.
Result<void> read_spec(const Json& argument, const std::optional<std::string>& language, const Options& options,
                       RunSpec& spec) {
  spec.image = rpc::text(argument, "image");
  if (!spec.image && language) {
    const auto recipe = runnable_language(language, "", "").value_or(*language);  // "py" is python
    if (const auto image = options.images.find(recipe); image != options.images.end()) spec.image = image->second;
  }
  for (const Json& each : rpc::field(argument, "args")) spec.args.push_back(each.get<std::string>());
  if (const Json& env = rpc::field(argument, "env"); env.is_object())
    for (const auto& [name, value] : env.items()) spec.env[name] = value.get<std::string>();
  for (const Json& each : rpc::field(argument, "requirements")) spec.requirements.push_back(each.get<std::string>());
  spec.working_dir = rpc::text(argument, "workingDir").value_or("");
  if (const Json& workspace = rpc::field(argument, "workspace"); !workspace.is_null()) {
    spec.workspace = workspace.is_string() ? workspace_access(workspace.get_ref<const std::string&>()) : std::nullopt;
    if (!spec.workspace) return fail(ErrorCode::invalid_request, "workspace must be \"readOnly\" or \"readWrite\"");
  }
  const auto limits = read_limits(argument);
  if (!limits) return std::unexpected(limits.error());
  spec.limits = merged(*limits, options.limits);
  const auto network = read_network(argument);
  if (!network) return std::unexpected(network.error());
  spec.network = network->value_or(options.network.value_or(Network::none));
  const auto pull = read_pull(argument);
  if (!pull) return std::unexpected(pull.error());
  spec.pull = *pull ? *pull : options.pull;
  spec.expect_more = options.prestart;
  const auto isolation = read_isolation(argument);
  if (!isolation) return std::unexpected(isolation.error());
  spec.isolation = *isolation ? *isolation : options.isolation;
  return {};
}

}  // namespace

std::optional<std::string> wrong_shape(const Json& argument) {
  if (!argument.is_object()) return "dind.runFile takes one argument, an object with a uri";
  if (!rpc::text(argument, "uri")) return "dind.runFile: uri is missing, or is no string";
  for (const char* name : {"languageId", "stdin", "image", "runId", "workingDir"})
    if (const Json& value = rpc::field(argument, name); !value.is_null() && !value.is_string())
      return std::string("dind.runFile: ") + name + " must be a string";
  if (const Json& args = rpc::field(argument, "args"); !args.is_null() && (!args.is_array() || !all_strings(args)))
    return "dind.runFile: args must be an array of strings";
  if (const Json& packages = rpc::field(argument, "requirements");
      !packages.is_null() && (!packages.is_array() || !all_strings(packages)))
    return "dind.runFile: requirements must be an array of strings";
  if (const Json& env = rpc::field(argument, "env"); !env.is_null() && (!env.is_object() || !all_strings(env)))
    return "dind.runFile: env must be an object of strings";
  return std::nullopt;
}

Result<RunRequest> make_request(const Json& argument, const DocumentStore& documents, const Options& options) {
  RunRequest request{
      .uri = *rpc::text(argument, "uri"), .spec = {}, .input = rpc::text(argument, "stdin").value_or("")};
  SourceProgram program;
  program.file_name = base_name(request.uri);
  const Document* open = documents.find(request.uri);
  if (open != nullptr) {
    program.text = open->text;
  } else {
    const auto path = file_path(request.uri);
    if (!path)
      return fail(ErrorCode::invalid_request,
                  request.uri + " is not open and is no file of this machine: open it in the editor and run it again");
    auto text = read_file(*path);
    if (!text) return std::unexpected(text.error());
    program.text = std::move(*text);
  }
  if (program.text.empty())
    return fail(ErrorCode::invalid_request, program.file_name + " is empty: there is nothing to run");
  program.language = rpc::text(argument, "languageId");
  // An open document's language id is the editor's: one that no recipe knows ("plaintext") leaves the choice to name
  // and first line.
  if (!program.language)
    program.language = runnable_language(open ? std::optional<std::string_view>(open->language_id) : std::nullopt,
                                         program.file_name, program.text);

  if (const auto read = read_spec(argument, program.language, options, request.spec); !read)
    return std::unexpected(read.error());
  request.spec.program = std::move(program);
  request.spec.run_id = rpc::text(argument, "runId").value_or(random_id());
  return request;
}

std::optional<RunSpec> expected_run(const Json& argument, const DocumentStore& documents, const Options& options) {
  const auto uri = rpc::text(argument, "uri");
  if (!uri || wrong_shape(argument)) return std::nullopt;
  const Document* open = documents.find(*uri);
  SourceProgram program;
  program.file_name = base_name(*uri);
  program.language = runnable_language(open ? std::optional<std::string_view>(open->language_id) : std::nullopt,
                                       program.file_name, open ? open->text : std::string());
  RunSpec spec;
  if (!program.language || !read_spec(argument, program.language, options, spec)) return std::nullopt;
  spec.program = std::move(program);
  return spec;
}

}  // namespace dind::faces::editor
