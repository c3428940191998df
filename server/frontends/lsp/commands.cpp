#include "frontends/lsp/commands.hpp"

#include <algorithm>

#include "frontends/lsp/run_request.hpp"
#include "support/json_fields.hpp"
#include "support/text/quoted.hpp"
#include "wire/error_codec.hpp"

namespace dind::frontends::lsp {
namespace {

using rpc::Json;

rpc::Failure wrong_argument(std::string message) { return {rpc::code::kInvalidParams, std::move(message), nullptr}; }

rpc::Failure not_done(const Error& error) { return {rpc::code::kRequestFailed, error.message, error_json(error)}; }

}  // namespace

const Commands::Entry Commands::kCommands[] = {{"dind.runFile", &Commands::run_file},
                                               {"dind.runWorkspace", &Commands::run_workspace},
                                               {"dind.workspacePrograms", &Commands::list_programs},
                                               {"dind.chooseProgram", &Commands::choose_program},
                                               {"dind.stop", &Commands::stop}};

Commands::Commands(ClientRuns& runs, WorkspaceRuns& workspaces, const DocumentStore& documents, const Options& options,
                   const ClientCapabilities& client)
    : runs_(runs), workspaces_(workspaces), documents_(documents), options_(options), client_(client) {}

std::vector<std::string> Commands::names() {
  std::vector<std::string> names;
  for (const auto& each : kCommands) names.emplace_back(each.name);
  return names;
}

void Commands::execute(ExecuteCommandParams params, rpc::Reply reply) {
  const auto* found = std::ranges::find_if(kCommands, [&](const Entry& each) { return each.name == params.command; });
  if (found != std::end(kCommands)) {
    (this->*found->handle)(std::move(params), std::move(reply));
    return;
  }
  std::string known;
  for (const auto& name : names()) known += (known.empty() ? "" : ", ") + name;
  reply.fail(wrong_argument("unknown command " + json_word(params.command) + "; supported: " + known));
}

void Commands::run_file(ExecuteCommandParams params, rpc::Reply reply) {
  if (auto problem = wrong_shape(params.argument)) return reply.fail(wrong_argument(std::move(*problem)));
  runs_.start(make_request(params.argument, documents_, options_), params.work_done_token, client_, std::move(reply));
}

void Commands::run_workspace(ExecuteCommandParams params, rpc::Reply reply) {
  if (auto problem = wrong_workspace_shape(params.argument)) return reply.fail(wrong_argument(std::move(*problem)));
  runs_.start(make_workspace_request(params.argument, workspaces_, options_), params.work_done_token, client_,
              std::move(reply));
}

void Commands::list_programs(ExecuteCommandParams params, rpc::Reply reply) {
  if (!lenient::find_text(params.argument, "uri"))
    return reply.fail(wrong_argument("dind.workspacePrograms takes one argument, an object with a uri"));
  auto found = workspace_programs(params.argument, workspaces_);
  if (found)
    reply.result(std::move(*found));
  else
    reply.fail(not_done(found.error()));
}

void Commands::choose_program(ExecuteCommandParams params, rpc::Reply reply) {
  if (auto problem = wrong_choice_shape(params.argument)) return reply.fail(wrong_argument(std::move(*problem)));
  if (const auto chosen = choose_workspace_program(params.argument, workspaces_))
    reply.result(nullptr);
  else
    reply.fail(not_done(chosen.error()));
}

void Commands::stop(ExecuteCommandParams params, rpc::Reply reply) {
  if (const auto stopped = runs_.stop(params.all_arguments))
    reply.result({{"stopped", *stopped}});
  else
    reply.fail(wrong_argument(stopped.error().message));
}

}  // namespace dind::frontends::lsp
