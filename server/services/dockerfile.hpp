// The text of a Dockerfile as instructions, as its builders read it. Pure; what an instruction means is its reader's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dind {

struct Instruction {
  std::string name;                  // lower case; of ONBUILD's own where there is one
  std::string rest;                  // what follows, its lines joined, without the options at its begin
  std::vector<std::string> options;  // "--from=x"
  bool onbuild = false;
  std::size_t end = 0;   // in the text: behind its last line
  std::size_t line = 0;  // the number of its last line, from 1
  std::size_t first_line = 0;
  bool has_here_document = false;  // as this reading has it
};

// One way to read the text: builders differ in what a here-document and a second directive is.
struct DockerfileReading {
  char escape = '\\';
  std::vector<Instruction> instructions;
};

struct Dockerfile {
  // The likeliest first. The others are those by which the text is a Dockerfile too: what must not happen must not
  // happen by any of them.
  std::vector<DockerfileReading> readings;
  std::string syntax;  // the image that "# syntax=" names; BuildKit runs it in place of its own reader
};
Dockerfile read_dockerfile(std::string_view text);

// An instruction of its own, as an image's ONBUILD triggers have it.
Instruction read_instruction(std::string_view line);

// The words of an ADD or a COPY: a JSON array's, or those between blanks; quotes stay.
std::vector<std::string> split_words(const std::string& rest);

// The index of the stage that `target` names, by its name or number; nullopt: there is no such stage.
std::optional<std::size_t> find_stage(const DockerfileReading& reading, const std::string& target);

// The text with `line` put in as one of its own behind each of the first `stages` FROMs, which says where each was put
// in: after how many lines of the text.
struct InsertedLines {
  std::string text;
  std::vector<std::size_t> after;
};
InsertedLines insert_after_each_from(std::string_view text, const Dockerfile& read, std::string_view line,
                                     std::size_t stages = SIZE_MAX);

}  // namespace dind
