// Fixtures of the history tests: a temporary folder and a run to record.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "services/history/history.hpp"
#include "support/temp_folder.hpp"

namespace dind::tests {

struct HistoryFolder : TempFolder {
  std::string file() const { return (path / "state" / "history.db").string(); }
  // The contents of all files in the folder.
  std::string bytes() const {
    std::string all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(in), {});
    }
    return all;
  }
};

inline RunSpec python(std::string text = "print('hello')") {
  return {.program = SourceProgram{.file_name = "a.py", .text = std::move(text), .language = {}}};
}

inline HistoryRecord record_of(const RunSpec& spec = python()) { return new_record(spec, secret_mask(spec), "cli"); }

// The end of a run that printed "hello".
inline HistoryEnd an_end() {
  HistoryEnd end{.ended = 1'700'000'000'123};
  end.result.emplace();
  end.result->verdict = Verdict::ok;
  end.out.head = "hello\n";
  return end;
}

}  // namespace dind::tests
