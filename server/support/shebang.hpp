// The `#!` line of a program: which interpreter it names, and with which arguments, as Linux and `env` read it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dind {

struct Shebang {
  std::string path;                    // what Linux starts: "/usr/bin/env"
  std::string argument;                // all that follows it: Linux passes this as one argument, spaces and all
  std::string interpreter;             // what runs in the end, as it is written: "python3", "/bin/bash"
  std::vector<std::string> arguments;  // of the interpreter
  std::vector<std::string> env;        // words for `env` before the interpreter: its options and NAME=VALUE
  bool verbatim = false;  // only `env` itself can read `argument`: it names a variable, or is not well-formed
  std::string problem;    // why the line does not work as Linux reads it; empty: it does

  std::string_view name() const;  // "bash" of "/bin/bash"
};

// The first line of `text` where it begins with "#!" (after a byte order mark too). Linux takes the first argument to
// the end of the line, without blanks at its ends. A carriage return before the line's end is not part of it.
// Sources: man 2 execve ("Interpreter scripts"); GNU coreutils, `env -S`.
std::optional<Shebang> parse_shebang(std::string_view text);

}  // namespace dind
