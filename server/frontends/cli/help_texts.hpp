// The texts that `--help` prints after the options of each command.
#pragma once

namespace dind::frontends::cli {

inline constexpr const char* kOverview = R"(Examples:
  dind-executor run hello.py                        run a file; its extension says how
  dind-executor run hello.py -- --size 3 input      the program's own arguments follow --
  echo 'print(6*7)' | dind-executor run -l python - run a program from stdin
  dind-executor run --image alpine:3.20 -- ls -la / run a command in an image
  dind-executor run --workspace .                   run a whole folder
  dind-executor ps                                  what runs at this moment, and for whom
  dind-executor history                             what ran before, and how it ended
  dind-executor doctor                              what is missing, and how to fix it

Every run gets a fresh container without a network, which is removed afterwards.
`dind-executor run --help` lists limits, their defaults and the exit codes.)";

inline constexpr const char* kRunFooter =
    R"(Defaults (an operator may set other ones, and maxima, in the configuration file):
  timeout 60 s · memory 512m · 1 CPU · 256 processes · /tmp 64 MiB · no network

Exit codes:
  the program's own; 128 + N where signal N ended it
  121 too many processes   122 disk full            123 too much output
  124 timeout              125 it could not be run (bad input, no engine, no image); stderr says what to do
  137 out of memory        129, 130, 143 stopped by SIGHUP, Ctrl-C, SIGTERM
  141 the reader of the output went away

Examples:
  dind-executor run hello.py
  dind-executor run --timeout 5 --memory 128m train.py -- --epochs 3
  dind-executor run --stdin numbers.txt sum.py      (without --stdin: that of the shell)
  dind-executor run --with requests fetch.py     (packages first; the program has no network)
  dind-executor run --json hello.js | jq -r 'select(.event == "output").text'
  dind-executor run --image debian:bookworm-slim -- cat /etc/os-release
  dind-executor run --workspace .                   (the folder: its Dockerfile, npm start, main.py or Makefile)
  dind-executor run --workspace . -- npm test
  dind-executor run --dockerfile docker/Dockerfile --context . --build-arg VERSION=2 --target test)";

inline constexpr const char* kLanguagesFooter = R"(Examples:
  dind-executor languages
  dind-executor run --language python notes.txt     (the name of the file does not matter then)

The first image that the engine has is used, else the first one is pulled. `images` in the configuration file
names another image for a language (docs/configuration.md).)";

inline constexpr const char* kDoctorFooter =
    R"(A sandbox is started to see which limits are really in force. Exit codes: 0 runs work, 1 they would fail.

Examples:
  dind-executor doctor
  dind-executor --host tcp://dind:2376 doctor
  dind-executor doctor --json | jq '.checks[] | select(.status != "ok")')";

inline constexpr const char* kGcFooter =
    R"(Removes containers, volumes and networks that runs have left, and images that dind-executor built and that
were not used for a while (gc.imagesUnusedFor and gc.imagesMaxBytes in the configuration). What does not have its
label stays. A running server (serve, rpc, lsp) does the same by itself.

Examples:
  dind-executor gc --dry-run
  dind-executor gc)";

inline constexpr const char* kLspFooter =
    R"(An editor starts it. docs/editors.md says how to set up Neovim and Emacs, docs/protocol.md has every method.)";

inline constexpr const char* kPsFooter =
    R"(Lists the runs under way of every server, editor and terminal of this user; as root, of every user.

Examples:
  dind-executor ps
  dind-executor ps --json | jq -r '.runs[].runId'
  docker exec claude-backend dind-executor ps)";

inline constexpr const char* kStopFooter =
    R"(The client of the run gets the verdict cancelled. The beginning of the id is enough if it is unique.
Exit codes: 0 the run was told to end, 125 there is no such run.

Example:
  dind-executor stop 2478d86c)";

}  // namespace dind::frontends::cli
