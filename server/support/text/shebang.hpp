// Parses the `#!` line of a program: its interpreter and arguments, as Linux and `env` read them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dind {

struct Shebang {
  std::string path;                    // the program that Linux starts: "/usr/bin/env"
  std::string argument;                // all that follows the path: Linux passes it as one argument, with its spaces
  std::string interpreter;             // the program that finally runs, as written: "python3", "/bin/bash"
  std::vector<std::string> arguments;  // of the interpreter
  std::vector<std::string> env;        // words for `env` before the interpreter: its options and NAME=VALUE
  bool verbatim = false;               // only `env` itself can read `argument`: it uses a variable or is malformed
  std::string problem;                 // why the line does not work as Linux reads it; empty: it works

  std::string_view name() const;  // "bash" of "/bin/bash"
};

// Parses the first line of `text` if it begins with "#!" (also after a byte order mark). The argument goes to the end
// of the line, without blanks at its ends. A carriage return at the end of the line is ignored. Sources: man 2 execve
// ("Interpreter scripts"); GNU coreutils, `env -S`.
std::optional<Shebang> parse_shebang(std::string_view text);

}  // namespace dind
