#include "services/history.hpp"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "services/history_store.hpp"
#include "services/history_worker.hpp"
#include "services/recorded_runs.hpp"
#include "support/ids.hpp"
#include "support/log.hpp"
#include "support/run_task.hpp"

using namespace dind;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

struct Folder {
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "dind-history-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  std::string file() const { return (path / "state" / "history.db").string(); }
  // Of every file that is there.
  std::string bytes() const {
    std::string all;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(in), {});
    }
    return all;
  }
  fs::path path;
};

std::unique_ptr<HistoryStore> open(const Folder& folder) {
  auto store = HistoryStore::open(folder.file());
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

RunSpec python(std::string text = "print('hello')") {
  return {.program = SourceProgram{.file_name = "a.py", .text = std::move(text), .language = {}}};
}

HistoryRecord record_of(const RunSpec& spec = python()) { return new_record(spec, Secrets(spec.env), "cli"); }

HistoryEnd ended(std::string out = "hello\n") {
  HistoryEnd end{.ended = 1'700'000'000'123};
  end.result.emplace();
  end.result->verdict = Verdict::ok;
  end.result->exit_code = 0;
  end.out.head = std::move(out);
  return end;
}

std::string gone_owner() {
  const std::string& self = process_owner();
  const auto start = self.rfind('.');
  const auto pid = self.rfind('.', start - 1);
  return self.substr(0, pid) + ".1.1";
}

std::vector<std::string> ids(HistoryStore& store) {
  std::vector<std::string> all;
  const auto records = store.list(10'000);
  REQUIRE(records);
  for (const auto& record : *records) all.push_back(record.id);
  return all;
}

std::string all_of(const KeptOutput& output) { return output.head + output.tail; }

class FakeRuns final : public RunService {
 public:
  Task<Result<RunResult>> run(RunSpec spec, EventSink& sink, std::shared_ptr<StdinPipe>, Cancel) override {
    asked = spec;
    if (fails) co_return fail(ErrorCode::engine_unavailable, "no engine; the token was " + spec.env["API_TOKEN"]);
    if (throws) throw std::runtime_error("a bug");
    sink.on_state(Started{.run_id = *spec.run_id, .name = "a.py", .language = "python", .image = "python:3.12-slim"});
    for (const auto& chunk : chunks) sink.on_output(Channel::out, chunk, {});
    RunResult result;
    result.run_id = *spec.run_id;
    result.verdict = Verdict::failed;
    result.exit_code = 3;
    result.notes = {"token " + spec.env["API_TOKEN"]};
    co_return result;
  }
  Task<bool> idle(Deadline) override { co_return true; }
  RunSpec asked;
  std::vector<std::string> chunks;
  bool fails = false, throws = false;
};

struct NoSink final : EventSink {
  void on_state(const StateChange&) override { ++events; }
  void on_output(Channel, std::string_view bytes, OutputCredit) override { output += bytes; }
  std::string output;
  int events = 0;
};

// A run service with a history, on a loop of its own.
struct Bench {
  explicit Bench(HistoryPolicy policy) : history(context.get_executor(), std::move(policy)) {}
  Result<RunResult> run(RunSpec spec) {
    auto result = tests::run_task(context, recorded.run(std::move(spec), sink, nullptr, {}));
    tests::run_task(context, recorded.idle(in(10s)));
    return result;
  }
  std::vector<HistoryRecord> list() {
    const auto records = tests::run_task(context, history.list(100));
    REQUIRE(records);
    return *records;
  }
  HistoryRecord only() {
    const auto records = list();
    REQUIRE(records.size() == 1);
    const auto found = tests::run_task(context, history.find(records.front().id));
    REQUIRE(found);
    return *found;
  }
  asio::io_context context;
  HistoryWorker history;
  FakeRuns runs;
  NoSink sink;
  RecordedRuns recorded{runs, history, "editor"};
};

}  // namespace

TEST_CASE("What looks like a secret") {
  for (const char* name :
       {"API_KEY", "my_token", "Secret", "DB_PASSWORD", "AWS_CREDENTIALS", "AUTHORIZATION", "x_private_y"}) {
    INFO(name);
    CHECK(looks_secret(name, "1"));
  }
  for (const char* value :
       {"ghp_0123456789abcdefghijABCDEFGHIJ012345", "glpat-0123456789abcdefghij", "AKIAIOSFODNN7EXAMPLE",
        "xoxb-123456789012-abcdefghij", "sk-0123456789abcdefghij0123", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "postgres://me:hunter22@db/x", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc"}) {
    INFO(value);
    CHECK(looks_secret("VALUE", value));
  }
  for (const char* value :
       {"", "1", "production", "postgres://db/x", "http://proxy:3128/", "sk-short", "eyJ", "a.b.c"}) {
    INFO(value);
    CHECK_FALSE(looks_secret("VALUE", value));
  }
  CHECK_FALSE(looks_secret("API_KEY", ""));
}

TEST_CASE("A secret is taken out of output, wherever a chunk ends") {
  const Secrets secrets({{"API_TOKEN", "abcabcdef"}, {"OTHER_KEY", "abcdef"}});
  const std::string text = "x abcabcdef y abcabcabcdef z abcab abcdefabcabcdef abcabc";
  const std::string expected = secrets.masked(text);
  CHECK_FALSE(expected.contains("abcdef"));
  for (std::size_t size = 1; size <= text.size(); ++size) {
    OutputKeeper keeper(secrets);
    for (std::size_t at = 0; at < text.size(); at += size) keeper.add(std::string_view(text).substr(at, size));
    const auto kept = all_of(keeper.take());
    INFO(size << ": " << kept);
    CHECK_FALSE(kept.contains("abcdef"));
    CHECK(kept.starts_with("x ••• y "));
    CHECK(kept.ends_with(" abcabc"));
  }
}

TEST_CASE("Head and tail of an output are kept, and how much is not") {
  const Secrets none({});
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::to_string(i) + ' ';
  for (const std::size_t size : {1UL, 7UL, 100UL, 1000UL, 10'000UL}) {
    OutputKeeper keeper(none, 100);
    for (std::size_t at = 0; at < text.size(); at += size) keeper.add(std::string_view(text).substr(at, size));
    const auto kept = keeper.take();
    CHECK(kept.head == text.substr(0, 100));
    CHECK(kept.tail == text.substr(text.size() - 100));
    CHECK(kept.left_out == text.size() - 200);
  }
  OutputKeeper keeper(none, 100);
  keeper.add(text.substr(0, 150));
  const auto kept = keeper.take();
  CHECK(all_of(kept) == text.substr(0, 150));
  CHECK(kept.left_out == 0);
}

TEST_CASE("A run is there again as it was") {
  const Folder folder;
  RunSpec spec = python("print('\xff')\0x");
  std::get<SourceProgram>(spec.program).language = "python";
  spec.image = "python:3.13";
  spec.args = {"", "a b", "\xff\xfe"};
  spec.env = {{"A", "1"}, {"B", "é\n"}};
  spec.limits = {.timeout = 1500ms, .memory_bytes = 64 << 20, .cpus = 0.5, .pids = 7};
  spec.network = Network::internet;
  spec.pull = PullPolicy::never;
  spec.run_id = "editor-1";
  auto record = record_of(spec);
  const auto store = open(folder);
  REQUIRE(store->insert(record));
  REQUIRE(store->start(record.id, {.name = "a.py", .language = "python", .image = "i", .limits = {.pids = 9}}));
  auto end = ended();
  end.result->cpu = 1234us;
  end.result->peak_memory_bytes = 99;
  end.result->signal = 9;
  end.result->cancel_reason = CancelReason::client_gone;
  end.result->image_digest = "sha256:1";
  end.result->notes = {"a", "b"};
  end.out = {"head", "tail", 17};
  end.err = {std::string("\0\xff", 2), "", 0};
  REQUIRE(store->end(record.id, end));

  for (const auto& id : {record.id, record.id.substr(0, 8), std::string("editor-1")}) {
    const auto found = open(folder)->find(id);
    REQUIRE(found);
    CHECK(found->id == record.id);
    CHECK(found->state == HistoryState::finished);
    CHECK(std::get<SourceProgram>(found->spec.program).text == std::get<SourceProgram>(spec.program).text);
    CHECK(std::get<SourceProgram>(found->spec.program).language == "python");
    CHECK(found->spec.image == spec.image);
    CHECK(found->spec.args == spec.args);
    CHECK(found->spec.env == spec.env);
    CHECK(found->spec.limits.timeout == 1500ms);
    CHECK(found->spec.limits.cpus == 0.5);
    CHECK(found->spec.network == Network::internet);
    CHECK(found->spec.pull == PullPolicy::never);
    CHECK(found->started->limits.pids == 9);
    CHECK(found->end->result->cpu == 1234us);
    CHECK(found->end->result->signal == 9);
    CHECK(found->end->result->cancel_reason == CancelReason::client_gone);
    CHECK(found->end->result->image_digest == "sha256:1");
    CHECK(found->end->result->notes == std::vector<std::string>{"a", "b"});
    CHECK(found->end->out == end.out);
    CHECK(found->end->err == end.err);
  }
  const auto again = spec_again(*store->find(record.id), {}, {});
  REQUIRE(again);
  CHECK_FALSE(again->run_id);
  CHECK(again->args == spec.args);
}

TEST_CASE("The file is its owner's alone") {
  const Folder folder;
  const auto store = open(folder);
  REQUIRE(store->insert(record_of()));
  struct stat status{};
  for (const char* suffix : {"", "-wal", "-shm"}) {
    REQUIRE(::stat((folder.file() + suffix).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
  REQUIRE(::stat(fs::path(folder.file()).parent_path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
}

TEST_CASE("An id that is none, or the beginning of several") {
  const Folder folder;
  const auto store = open(folder);
  for (const char* id : {"aaaa1", "aaaa2", "b%"}) {
    auto record = record_of();
    record.id = record.run_id = id;
    REQUIRE(store->insert(record));
  }
  CHECK(store->find("aaaa").error().code == ErrorCode::invalid_request);
  CHECK(store->find("").error().code == ErrorCode::not_found);
  CHECK(store->find("%").error().code == ErrorCode::not_found);
  CHECK(store->find("' OR 1 --").error().code == ErrorCode::not_found);
  CHECK(store->find("aaaa2")->id == "aaaa2");
  CHECK(store->find("b")->id == "b%");
}

TEST_CASE("Pruning by count, age and bytes; what runs stays") {
  const Folder folder;
  const auto store = open(folder);
  const auto now = record_of().began;
  std::vector<std::string> all;
  for (int i = 0; i < 10; ++i) {
    auto record = record_of(python(std::string(1000, 'x')));
    record.began = now - (10 - i) * 60'000;
    REQUIRE(store->insert(record));
    if (i != 0) REQUIRE(store->end(record.id, ended()));  // the oldest is under way
    all.insert(all.begin(), record.id);
  }
  const auto dry = store->prune({.keep = 0, .dry_run = true});
  REQUIRE(dry);
  CHECK(dry->removed == 9);
  CHECK(dry->left == 1);
  CHECK(ids(*store) == all);

  SECTION("by count") {
    CHECK(store->prune({.keep = 3})->removed == 6);
    CHECK(ids(*store) == std::vector{all[0], all[1], all[2], all[9]});
  }
  SECTION("by age") {
    CHECK(store->prune({.older_than = 270s})->removed == 5);
    CHECK(ids(*store) == std::vector{all[0], all[1], all[2], all[3], all[9]});
  }
  SECTION("by bytes") {
    const auto report = store->prune({.max_bytes = 4'000});
    REQUIRE(report);
    CHECK(report->removed > 0);
    CHECK(report->bytes > 1000);
    const auto left = ids(*store);
    CHECK(left.size() == 3);  // two of the newest, and the one that runs
    CHECK(left.front() == all.front());
  }
  SECTION("nothing to do") { CHECK(store->prune({.keep = 10, .older_than = 1h, .max_bytes = 1 << 20})->removed == 0); }
}

TEST_CASE("What was pruned for good is in no file any more") {
  const Folder folder;
  const auto store = open(folder);
  const auto record = record_of(python("print('gone-for-good')"));
  REQUIRE(store->insert(record));
  REQUIRE(store->end(record.id, ended()));
  CHECK(folder.bytes().contains("gone-for-good"));
  REQUIRE(store->prune({.keep = 0, .for_good = true}));
  CHECK_FALSE(folder.bytes().contains("gone-for-good"));
}

TEST_CASE("Rows of processes that are gone are closed as interrupted") {
  const Folder folder;
  auto mine = record_of(), gone = record_of(), elsewhere = record_of(), long_ago = record_of();
  gone.owner = gone_owner();
  elsewhere.owner = long_ago.owner = "another-boot.1.2.3";
  long_ago.began -= 3LL * 24 * 60 * 60 * 1000;
  {
    const auto store = open(folder);
    for (const auto& record : {mine, gone, elsewhere, long_ago}) REQUIRE(store->insert(record));
  }
  const auto store = open(folder);
  CHECK(store->find(mine.id)->state == HistoryState::running);
  CHECK(store->find(gone.id)->state == HistoryState::interrupted);
  CHECK(store->find(elsewhere.id)->state == HistoryState::running);
  CHECK(store->find(long_ago.id)->state == HistoryState::interrupted);
}

TEST_CASE("A file that is broken, newer or not writable is an error with a remedy") {
  const Folder folder;
  fs::create_directories(fs::path(folder.file()).parent_path());
  SECTION("no database") {
    std::ofstream(folder.file()) << std::string(5000, 'x');
    const auto store = HistoryStore::open(folder.file());
    REQUIRE_FALSE(store);
    CHECK(store.error().message.contains("move it away"));
    CHECK(store.error().message.contains(folder.file()));
  }
  SECTION("damaged in the middle") {
    {
      const auto store = open(folder);
      for (int i = 0; i < 50; ++i) REQUIRE(store->insert(record_of(python(std::string(5000, 'x')))));
      REQUIRE(store->end(store->list(1)->front().id, ended()));
      REQUIRE(store->prune({.older_than = 1h, .for_good = true}));
    }
    for (const auto& entry : fs::directory_iterator(fs::path(folder.file()).parent_path())) {
      if (!entry.path().string().ends_with(".db") && !entry.path().string().ends_with("-wal")) continue;
      const auto size = fs::file_size(entry.path());
      std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
      for (std::uintmax_t at = 100; at + 50 < size; at += 1000) {
        file.seekp(static_cast<std::streamoff>(at));
        file << std::string(50, '\xee');
      }
    }
    const auto store = HistoryStore::open(folder.file());  // an error or none, but no crash
    if (store) (void)(*store)->list(100);
  }
  SECTION("a folder in its place") {
    fs::create_directories(folder.file());
    REQUIRE_FALSE(HistoryStore::open(folder.file()));
  }
  SECTION("written by a newer one") {
    open(folder);
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(folder.file().c_str(), &database) == SQLITE_OK);
    REQUIRE(sqlite3_exec(database, "PRAGMA user_version=99", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
    const auto store = HistoryStore::open(folder.file());
    REQUIRE_FALSE(store);
    CHECK(store.error().message.contains("newer"));
  }
}

TEST_CASE("Two processes at once lose nothing") {
  const Folder folder;
  constexpr int kEach = 60;
  std::vector<pid_t> children;
  for (int child = 0; child < 3; ++child) {
    const pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      const auto store = HistoryStore::open(folder.file());
      bool fine = store.has_value();
      for (int i = 0; fine && i < kEach; ++i) {
        const auto record = record_of();
        fine = (*store)->insert(record) && (*store)->end(record.id, ended()) && (*store)->prune({.keep = 1000});
      }
      _exit(fine ? 0 : 1);
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) {
    int status = -1;
    waitpid(pid, &status, 0);
    CHECK(status == 0);
  }
  const auto all = ids(*open(folder));
  CHECK(all.size() == 3 * kEach);
}

TEST_CASE("A recorded run: events pass, the record is whole, its secrets are in no file") {
  const Folder folder;
  Bench bench({.path = folder.file()});
  bench.runs.chunks = {"out su", "perse", "cretvalue\n"};
  auto spec = python();
  spec.env = {{"API_TOKEN", "supersecretvalue"}, {"URL", "http://me:hunter2hunter2@x/"}, {"A", "as supersecretvalue"}};
  spec.args = {"plain"};
  REQUIRE(bench.run(spec));
  CHECK(bench.sink.output == "out supersecretvalue\n");
  CHECK(bench.sink.events == 1);
  CHECK(bench.runs.asked.env == spec.env);
  const auto record = bench.only();
  CHECK(bench.runs.asked.run_id == record.run_id);
  CHECK(record.face == "editor");
  CHECK_FALSE(record.user.empty());
  CHECK(record.owner == process_owner());
  CHECK(record.state == HistoryState::finished);
  CHECK(record.end->result->exit_code == 3);
  CHECK(record.end->out.head == "out •••\n");
  CHECK(record.spec.env.at("API_TOKEN") == kWithheld);
  CHECK(record.withheld == std::vector<std::string>{"A", "API_TOKEN", "URL"});
  const auto bytes = folder.bytes();
  CHECK(bytes.contains("print('hello')"));
  CHECK_FALSE(bytes.contains("supersecret"));
  CHECK_FALSE(bytes.contains("hunter2"));

  const auto refused = spec_again(record, {{"URL", "x"}}, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.contains("A, API_TOKEN"));
  const auto again = spec_again(record, {{"URL", "x"}, {"API_TOKEN", "y"}, {"A", "z"}}, std::vector<std::string>{"b"});
  REQUIRE(again);
  CHECK(again->env == std::map<std::string, std::string>{{"URL", "x"}, {"API_TOKEN", "y"}, {"A", "z"}});
  CHECK(again->args == std::vector<std::string>{"b"});
}

TEST_CASE("A program that holds a secret, or is too large, is not run again from half of it") {
  RunSpec secret = python("login('supersecretvalue')");
  secret.env = {{"PASSWORD", "supersecretvalue"}};
  auto record = record_of(secret);
  CHECK(std::get<SourceProgram>(record.spec.program).text == "login('•••')");
  CHECK_FALSE(spec_again(record, secret.env, {}));

  record = record_of(python(std::string(kKeptProgram + 1, '#')));
  CHECK(std::get<SourceProgram>(record.spec.program).text.size() == kKeptProgram);
  CHECK(spec_again(record, {}, {}).error().message.contains("256 KiB"));
  CHECK(spec_again(record_of(python(std::string(kKeptProgram, '#'))), {}, {}));
}

TEST_CASE("Errors and exceptions are recorded too") {
  const Folder folder;
  Bench bench({.path = folder.file()});
  auto spec = python();
  spec.env = {{"API_TOKEN", "supersecretvalue"}};
  SECTION("an error") {
    bench.runs.fails = true;
    CHECK_FALSE(bench.run(spec));
    const auto record = bench.only();
    CHECK(record.state == HistoryState::error);
    CHECK(record.end->error->code == ErrorCode::engine_unavailable);
    CHECK(record.end->error->message == "no engine; the token was •••");
  }
  SECTION("an exception") {
    bench.runs.throws = true;
    CHECK_THROWS(bench.run(spec));
    tests::run_task(bench.context, bench.history.written(in(10s)));
    CHECK(bench.only().end->error->code == ErrorCode::internal);
  }
}

TEST_CASE("A history that can't be written fails no run") {
  const Folder folder;
  std::ofstream(folder.path / "state") << "a file where the folder should be";
  const auto log_file = (folder.path / "log").string();
  REQUIRE(log_to_file(log_file));
  Bench bench({.path = folder.file()});
  for (int i = 0; i < 3; ++i) CHECK(bench.run(python()));
  CHECK(bench.list().empty());
  log_to_file("/dev/stderr");
  std::ifstream in_log(log_file);
  const std::string log{std::istreambuf_iterator<char>(in_log), {}};
  const auto first = log.find("The history ");
  CHECK(first != std::string::npos);
  CHECK(log.find("The history ", first + 1) == std::string::npos);
}

TEST_CASE("Switched off, nothing is written; looking makes no file") {
  const Folder folder;
  Bench bench({.enabled = false, .path = folder.file()});
  CHECK(bench.run(python()));
  CHECK(bench.list().empty());
  CHECK(tests::run_task(bench.context, bench.history.find("x")).error().code == ErrorCode::not_found);
  CHECK_FALSE(fs::exists(folder.file()));
}

TEST_CASE("The bounds of the policy hold as runs come") {
  const Folder folder;
  Bench bench({.path = folder.file(), .max_runs = 2});
  for (int i = 0; i < 5; ++i) REQUIRE(bench.run(python()));
  CHECK(bench.list().size() == 2);
}
