#include "wire/lsp_codec.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "wire/request_fields.hpp"
#include "wire/run_fields.hpp"

namespace dind {
namespace {

using nlohmann::json;

void read_images(RequestFields& fields, std::map<std::string, std::string>& into) {
  const json* images = fields.find("images");
  if (images == nullptr) return;
  if (!images->is_object()) return fields.wrong("images", "an object of language and image");
  for (const auto& [language, image] : images->items()) {
    if (image.is_string() && !image.get_ref<const std::string&>().empty())
      into[language] = image.get<std::string>();
    else
      fields.wrong_value("images." + language, &image, "an image's name");
  }
}

// What the argument leaves out is as the options say.
LspRun run_with(const LspOptions& options) {
  LspRun run;
  run.spec.limits = options.limits;
  run.spec.network = options.network.value_or(Network::none);
  run.spec.pull = options.pull;
  run.spec.isolation = options.isolation;
  run.spec.record = options.record;
  run.spec.keep_warm = options.warm_pool;
  run.spec.terms = Terms::settings;
  return run;
}

void lsp_run_fields(RequestFields& fields, LspRun& run) {
  fields.require("uri", "the address of a file or a folder");
  fields.text("uri", run.uri);
  fields.text("stdin", run.input);
  common_fields(fields, run.spec);
  limit_fields(fields, run.spec.limits);
  fields.non_empty_text("image", run.spec.image);
  fields.choice("pull", run.spec.pull);
  fields.texts("dependencies", run.spec.dependencies);
  fields.choice("workspace", run.spec.workspace);
}

}  // namespace

LspOptions read_lsp_options(const json& value, std::vector<std::string>& warnings) {
  LspOptions options;
  RequestFields fields(value, warnings, "dind.");
  limit_fields(fields, options.limits);
  fields.choice("network", options.network);
  fields.choice("pull", options.pull);
  fields.choice("isolation", options.isolation);
  read_images(fields, options.images);
  fields.flag("codeLens", options.code_lens);
  fields.flag("warmPool", options.warm_pool);
  fields.flag("record", options.record);
  return options;
}

Result<LspRun> read_run_file(const json& argument, const LspOptions& options, Sender sender) {
  RequestFields fields(argument, sender);
  LspRun run = run_with(options);
  lsp_run_fields(fields, run);
  fields.text("languageId", run.language_id);
  fields.texts("args", run.spec.args);
  working_dir_field(fields, run.spec.working_dir);
  if (const auto ended = fields.end(); !ended) return std::unexpected(ended.error());
  return run;
}

Result<LspRun> read_run_workspace(const json& argument, const LspOptions& options, Sender sender) {
  RequestFields fields(argument, sender);
  LspRun run = run_with(options);
  lsp_run_fields(fields, run);
  fields.text("program", run.program);
  fields.text("command", run.command);
  if (const auto ended = fields.end(); !ended) return std::unexpected(ended.error());
  return run;
}

}  // namespace dind
