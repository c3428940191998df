// Reads the text of a Dockerfile as instructions, as the builders do. It does not interpret what they mean. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dind {

struct Instruction {
  std::string name;                  // lower case; for ONBUILD, of the instruction in it
  std::string rest;                  // the rest, with its lines joined, without the options at its start
  std::vector<std::string> options;  // "--from=x"
  bool onbuild = false;
  std::size_t end = 0;   // offset in the text, after its last line
  std::size_t line = 0;  // the number of its last line, from 1
  std::size_t first_line = 0;
  bool has_here_document = false;  // according to this reading
};

// One way to read the text. Builders differ in what counts as a here-document and in a second directive.
struct DockerfileReading {
  char escape = '\\';
  std::vector<Instruction> instructions;
};

struct Dockerfile {
  // The most likely one is first, and always exists. The others also give a valid Dockerfile. A security check must
  // hold for all of them, because any builder may read the text in any of these ways.
  std::vector<DockerfileReading> readings;
  std::string syntax;  // the image that "# syntax=" names; BuildKit runs it instead of its own reader
};
Dockerfile read_dockerfile(std::string_view text);

// Reads one single instruction, such as an ONBUILD trigger of an image.
Instruction read_instruction(std::string_view line);

// The words of an ADD or a COPY: the items of a JSON array, or the words between blanks. Quotes stay.
std::vector<std::string> split_words(const std::string& rest);

// The index of the stage that `target` names, by its name or number. nullopt: this stage does not exist.
std::optional<std::size_t> find_stage(const DockerfileReading& reading, const std::string& target);

// The text with `line` inserted as a line after each of the first `stages` FROM instructions. `after`: for each
// inserted line, the number of the line of the original text that it follows.
struct InsertedLines {
  std::string text;
  std::vector<std::size_t> after;
};
InsertedLines insert_after_each_from(std::string_view text, const Dockerfile& read, std::string_view line,
                                     std::size_t stages = SIZE_MAX);

}  // namespace dind
