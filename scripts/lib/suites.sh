# The suites of scripts/test: each is a function suite_NAME that leaves RESULTS/NAME.json. Source it; it runs nothing.
# shellcheck shell=bash

RESULTS=$ROOT/build/test-results
ARTEFACTS=$ROOT/build/artefacts
FILTER=${FILTER:-}

results() { python3 "$ROOT/tests/lib/dindtest/results.py" "$@"; }

# check SUITE NAME COMMAND...: one test that is a command; its output is shown when it fails.
check() {
  local suite=$1 name=$2 output
  shift 2
  [[ -z $FILTER || ${name,,} == *"${FILTER,,}"* ]] || return 0
  if output=$("$@" 2>&1); then
    say "  passed  $name"
    results note "$RESULTS/$suite.json" ok "$name"
  else
    say "  failed  $name"
    printf '%s\n' "$output" | tail -n 60 | sed 's/^/    | /' >&2
    results note "$RESULTS/$suite.json" failed "$name: $(printf '%s\n' "$output" | tail -n 1 | cut -c1-400)"
  fi
}

lint_format() {
  local files
  mapfile -t files < <(find "$ROOT"/{server,include,tests} -name '*.[ch]pp' -o -name '*.[ch]' | sort)
  clang-format-19 --dry-run --Werror "${files[@]}"
}
lint_scripts() {
  local files
  mapfile -t files < <(grep -lE '^#!/bin/(ba)?sh' -r "$ROOT/scripts" "$ROOT/.ci"; find "$ROOT/scripts/lib" "$ROOT/images" -name '*.sh')
  shellcheck -S warning -e SC2034 "${files[@]}"
}
lint_types() { use_node; cd "$ROOT" && npm run --silent check; }
suite_lint() {
  check lint "C++ is formatted as .clang-format says" lint_format
  [[ ! -f $ROOT/tests/structure/check_includes.py ]] ||
    check lint "every module includes only what the table allows" python3 "$ROOT/tests/structure/check_includes.py"
  check lint "names that a source file keeps to itself are the only ones of that name in its module" python3 "$ROOT/tests/structure/check_names.py"
  check lint "documents and comments are in plain English, and their links lead somewhere" python3 "$ROOT/tests/structure/check_prose.py"
  check lint "each rule of plain English can fail" python3 "$ROOT/tests/structure/check_prose.py" --self-test
  check lint "the Python client's calls for threads are generated from those for asyncio" \
    python3 "$ROOT/python/tools/generate_sync.py" --check
  check lint "no Python suite imports from another one or changes sys.path" python3 "$ROOT/tests/structure/check_suites.py"
  check lint "each rule for the Python suites can fail" python3 "$ROOT/tests/structure/check_suites.py" --self-test
  check lint "a test that leaves something behind is named" python3 "$ROOT/tests/structure/check_leak_check.py"
  check lint "a test that measures time runs in one of the two parts" python3 "$ROOT/tests/structure/check_alone.py"
  check lint "the bounds of BuildKit's steps are set in control groups of both versions" python3 "$ROOT/tests/structure/check_build_bounds.py"
  check lint "the scripts of the engine's image decide rightly on what a container looks like" python3 "$ROOT/tests/structure/check_dind_scripts.py"
  check lint "shellcheck finds nothing in the scripts" lint_scripts
  check lint "what is generated from api/ is as api/ says" env "DIND_STATE_DIR=$STATE" "$ROOT/scripts/generate" --check
  [[ ! -f $ROOT/package.json ]] || check lint "the extension type-checks and its texts are whole" lint_types
}

# catch2 SUITE PROGRAM: a Catch2 program, its JUnit report beside the result.
catch2() {
  local report=$RESULTS/$1-catch2.xml status=0
  rm -f "$report"
  timeout -k 10 600 "$2" ${FILTER:+"*$FILTER*"} --allow-running-no-tests --reporter console --reporter "junit::out=$report" || status=$?
  results junit "$report" "$RESULTS/$1-catch2.part" || { say "  $(basename "$2") wrote no report (exit $status)"; return 1; }
  results merge "$RESULTS/$1.json.new" "$RESULTS/$1.json" "$RESULTS/$1-catch2.part" && mv "$RESULTS/$1.json.new" "$RESULTS/$1.json"
  ((status == 0)) || (($(results failed "$RESULTS/$1.json") > 0))
}
# python_tests SUITE [RESULT [COMMAND...]]: the unittest files of tests/SUITE, added to RESULTS/RESULT.json; with COMMAND before them.
python_tests() {
  local suite=$1 result=${2:-$1} status=0 part
  shift $(($# > 1 ? 2 : 1))
  part=$RESULTS/$result-$suite.part
  compgen -G "$ROOT/tests/$suite/*.py" >/dev/null || return 0
  rm -f "$part"
  PYTHONPATH=$ROOT/tests/lib:$ROOT/python/src DIND_OPENAPI_TOOLS=$OPENAPI_TOOLS DIND_NODE=$NODE_DIR timeout -k 10 1500 "$@" \
    python3 -m dindtest.run_python "$ROOT/tests/$suite" "$part" "$FILTER" || status=$?
  [[ -f $part ]] || { results note "$part" failed "the tests of $suite broke off (status $status)"; status=1; }
  results merge "$RESULTS/$result.json.new" "$RESULTS/$result.json" "$part" && mv "$RESULTS/$result.json.new" "$RESULTS/$result.json"
  ((status <= 1))
}
# The tests that alone.py marks, of the suites that ran without them.
suite_alone() {
  local suite status=0
  export DIND_ALONE=only
  # shellcheck disable=SC2154
  for suite in "${ran[@]}"; do
    case $suite in
      python) with_own_folder XDG_STATE_HOME python_tests python alone || status=1 ;;
      integration | hostile | cli | lsp | jsonrpc | http) python_tests "$suite" alone || status=1 ;;
      engines) (second_engine_tests alone "${ENGINES_SUITES[@]}") || status=1 ;;
    esac
  done
  return $status
}

suite_unit() { catch2 unit "$ROOT/build/dev/tests/unit_tests"; }
suite_faults() { catch2 faults "$ROOT/build/dev/tests/fault_tests"; }

# fuzz_one TARGET: libFuzzer over the seeds and what earlier runs found; a crash leaves its input in the artefacts.
fuzz_one() {
  local found=$ROOT/build/fuzz/corpus/$1 seconds=${DIND_FUZZ_SECONDS:-60}
  mkdir -p "$found" "$ROOT/tests/fuzz/corpus/$1"
  "${FUZZ_CLASS[@]}" timeout --foreground -k 10 $((seconds + 120)) "$ROOT/build/fuzz/tests/fuzz/fuzz_$1" "$found" "$ROOT/tests/fuzz/corpus/$1" \
    -max_total_time="$seconds" -timeout="${FUZZ_SLOWEST:-10}" -rss_limit_mb=2048 "-seed=${DIND_FUZZ_SEED:-1}" -print_final_stats=1 \
    -artifact_prefix="$ARTEFACTS/fuzz/$1-" >"$ARTEFACTS/fuzz/$1.log" 2>&1 || echo $? >"$ARTEFACTS/fuzz/$1.failed"
}
# How a target ended: libFuzzer's last lines where it found something.
fuzz_passed() {
  local inputs
  inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$ARTEFACTS/fuzz/$1.log")
  [[ -e $ARTEFACTS/fuzz/$1.failed ]] || ((${inputs:-0} >= 1000)) || echo "only ${inputs:-0} inputs were tried" >"$ARTEFACTS/fuzz/$1.failed"
  [[ -e $ARTEFACTS/fuzz/$1.failed ]] || return 0
  cat "$ARTEFACTS/fuzz/$1.failed"
  tail -n 40 "$ARTEFACTS/fuzz/$1.log"
  return 1
}
fuzz_targets() {
  local source target
  for source in "$ROOT"/tests/fuzz/*.cpp; do
    target=$(basename "$source" .cpp)
    [[ -n $FILTER && ${target,,} != *"${FILTER,,}"* ]] || echo "$target"
  done
}
# fuzz_all N: every target, N at a time. By the clock each has its minute, or DIND_FUZZ_SECONDS.
fuzz_all() {
  local target running=0
  rm -rf "$ARTEFACTS/fuzz"
  mkdir -p "$ARTEFACTS/fuzz"
  for target in $(fuzz_targets); do
    ((running < $1)) || { wait -n || true; running=$((running - 1)); }
    fuzz_one "$target" &
    running=$((running + 1))
  done
  wait
}
# Beside the suites that mostly wait for containers (two thirds of their time), with what processor time is left over. There is no
# telling by the clock how slow an input is then.
FUZZ_CLASS=() FUZZ_PID='' FUZZ_DONE=$ARTEFACTS/fuzz.done FUZZ_BUILD=${FUZZ_BUILD:-} FUZZ_LOG=$ARTEFACTS/fuzz.build
# In a whole run the targets are built where they run: nothing else waits for them.
fuzz_built() {
  rm -f "$FUZZ_LOG.failed"
  [[ -z $FUZZ_BUILD ]] || nice -n 15 "$FUZZ_BUILD" fuzz >"$FUZZ_LOG" 2>&1 || { touch "$FUZZ_LOG.failed"; return 1; }
}
fuzz_build_passed() {
  [[ -e $FUZZ_LOG.failed ]] || return 0
  tail -n 40 "$FUZZ_LOG"
  return 1
}
fuzz_beside() {
  rm -f "$FUZZ_DONE"
  mkfifo "$FUZZ_DONE"
  FUZZ_CLASS=(chrt --idle 0) FUZZ_SLOWEST=120
  set -m   # a process group of its own, which can be ended
  { fuzz_built && fuzz_all "$(nproc)"; echo over >"$FUZZ_DONE"; } </dev/null &
  FUZZ_PID=$!
  set +m
}
end_fuzz() {
  [[ -z $FUZZ_PID ]] || kill -TERM -- "-$FUZZ_PID" 2>/dev/null || true
  FUZZ_PID=''
}
suite_fuzz() {
  local target
  if [[ -n $FUZZ_PID ]]; then
    timeout 1200 cat "$FUZZ_DONE" >/dev/null   # opened when the last has ended
  else
    fuzz_all $((2 * $(nproc)))
  fi
  [[ -z $FUZZ_BUILD ]] || FILTER='' check fuzz "the fuzz targets are built" fuzz_build_passed
  for target in $(fuzz_targets); do
    [[ -e $ARTEFACTS/fuzz/$target.log ]] || echo "it did not run" | tee "$ARTEFACTS/fuzz/$target.log" >"$ARTEFACTS/fuzz/$target.failed"
    FILTER='' check fuzz "fuzz_$target finds nothing" fuzz_passed "$target"
    say "          $(sed -n 's/^stat::number_of_executed_units: *//p' "$ARTEFACTS/fuzz/$target.log") inputs"
  done
}

# The suites that talk to an engine, on a second one: that of DIND_TEST_HOST, or Docker 28 with containerd's image store, which is
# started here. There a test runs in the engine's network namespace, since a registry on 127.0.0.1 has to be the engine's too.
SECOND_ENGINE=docker-28-store-${DIND_ENGINE_NAME:-test}
stop_second_engine() { "$ROOT/scripts/engine-other" stop "$SECOND_ENGINE"; }
# second_engine_tests RESULT SUITE...: added to RESULTS/RESULT.json.
second_engine_tests() {
  local result=$1 inside=() suite host=${DIND_TEST_HOST:-} first=$DOCKER_HOST
  shift
  if [[ -z $host ]]; then
    "$ROOT/scripts/engine-other" start "$SECOND_ENGINE" >/dev/null || return 1
    DOCKER_HOST=$first "$ROOT/scripts/engine-other" load "$SECOND_ENGINE" || return 1
    eval "$("$ROOT/scripts/engine-other" env "$SECOND_ENGINE")"
    host=$DOCKER_HOST
    inside=("$ROOT/scripts/engine-other" in "$SECOND_ENGINE")
  fi
  export DOCKER_HOST=$host
  say "  engine: $host, $(engine_version)"
  for suite; do with_own_folder XDG_STATE_HOME python_tests "$suite" "$result" "${inside[@]}"; done
  tidy "$result" "the second engine keeps no container, volume or network with our label" leaks
  [[ ${#inside[@]} -eq 0 ]] || stop_second_engine
}
ENGINES_SUITES=(integration hostile)
[[ -n ${CI:-} ]] || ENGINES_SUITES+=(cli)
suite_engines() { second_engine_tests engines "${ENGINES_SUITES[@]}"; }

suite_integration() { python_tests integration; }
suite_hostile() { python_tests hostile; }
suite_podman() { python_tests podman; }
suite_cli() { python_tests cli; }
suite_lsp() { python_tests lsp; }
# It has an engine of its own, and copies the images of the first one to it: making them takes a minute.
suite_bench() {
  on_own_engine bench true || say "  the images are made for the bench's engine"
  DIND_SHARED_ENGINE=1 python_tests bench
}
suite_jsonrpc() { python_tests jsonrpc; }
suite_http() { python_tests http; }

python_types() { cd "$ROOT/python" && "$PYTHON_TOOLS/bin/mypy" --cache-dir "$ROOT/build/mypy" src compat tools ../tests/python/typing; }
python_style() {
  cd "$ROOT/python" || return
  "$PYTHON_TOOLS/bin/ruff" check --no-cache src compat tools && "$PYTHON_TOOLS/bin/ruff" format --no-cache --check src compat tools
}
suite_python() {
  check python "the client type-checks (mypy --strict)" python_types
  check python "the client's code and docstrings are as pyproject.toml says" python_style
  with_own_folder XDG_STATE_HOME python_tests python
}
suite_package() { python_tests package; }
# The engine on which a container may have real privileges: tests/stack/test_6_privileged.py starts it.
PRIVILEGED_ENGINE=docker-26-${DIND_ENGINE_NAME:-test}
stop_privileged_engine() { "$ROOT/scripts/engine-other" stop "$PRIVILEGED_ENGINE"; }
# That of tests/podman.
stop_podman() { "$ROOT/scripts/engine-other" stop "podman-5-${DIND_ENGINE_NAME:-test}"; }
suite_stack() {
  "$ROOT/scripts/stack" build || return 1
  step "building the images that stand in for public ones" stack_test_images || return 1
  [[ -x $COMPOSE_2 ]] || step "fetching docker compose 2" fetch_compose_2 || return 1
  DIND_COMPOSE_2=$COMPOSE_2 DIND_PRIVILEGED_ENGINE=$PRIVILEGED_ENGINE python_tests stack
}
# with_own_folder VARIABLE COMMAND...: with a new folder for it. XDG_RUNTIME_DIR: servers and runs that no other suite sees (root's `ps`
# looks into all of /tmp). XDG_STATE_HOME: a history, for a suite that writes into that of HOME.
with_own_folder() {
  local status=0 variable=$1 folder
  shift
  folder=$(mktemp -d)
  (export "$variable=$folder"; "$@") || status=$?
  rm -rf "$folder"
  return $status
}
# on_own_engine NAME COMMAND...: on a second private engine, with the images of the first one.
own_engine_name() { echo "${DIND_ENGINE_NAME:-test}-$1"; }
stop_own_engine() { DIND_ENGINE_NAME=$(own_engine_name "$1") "$ROOT/scripts/engine" stop >/dev/null 2>&1; }
on_own_engine() {
  local name=$1 status=0 first=$DOCKER_HOST images=(base runtime-python runtime-node runtime-shell runtime-make)
  shift
  DIND_ENGINE_NAME=$(own_engine_name "$name") "$ROOT/scripts/engine" start || return 1
  eval "$(DIND_ENGINE_NAME=$(own_engine_name "$name") "$ROOT/scripts/engine" env)"
  export DOCKER_HOST
  python3 "$ROOT/scripts/lib/images.py" "$first" "$DOCKER_HOST" "${images[@]}" || true   # what is missing is made
  "$ROOT/scripts/image" --quiet "${images[@]}" || return 1
  "$@" || status=$?
  stop_own_engine "$name"
  return $status
}
suite_editor() { on_own_engine editor editor_tests; }
editor_tests() {
  local status=0
  use_node
  DIND_TEST_RESULT=$RESULTS/editor.json timeout -k 10 1500 node "$ROOT/tests/editor/run.mjs" ${FILTER:+-k "$FILTER"} 2>&1 |
    tee "$RESULTS/editor.log" || status=$?
  [[ -z $FILTER || $status -ne 2 ]] || return 0      # no test of that name
  [[ -f $RESULTS/editor.json ]] || results log "$RESULTS/editor.log" "$RESULTS/editor.json" || return 1
  tidy editor "editor leaves no container, volume or network with our label" leaks
  ((status == 0)) || (($(results failed "$RESULTS/editor.json") > 0))
}

# beside NAME COMMAND...: runs it in the background, with its output in a file, until `wait_beside NAME`, which shows that and gives its
# exit code. `end_beside` ends all of them, with what they have started.
declare -A BESIDE=()
beside() {
  local name=$1
  shift
  "$@" </dev/null >"$RESULTS/beside-$name.output" 2>&1 &
  BESIDE[$name]=$!
}
wait_beside() {
  local status=0 pid=${BESIDE[$1]:-}
  [[ -n $pid ]] || return 0
  wait "$pid" || status=$?
  unset "BESIDE[$1]"
  cat "$RESULTS/beside-$1.output"
  return "$status"
}
# lane SUITE...: one after the other, each with its time.
lane() { local suite; for suite; do run_suite "$suite"; done; }
# wait_for_suite NAME: of one that runs beside others. One that breaks off is a failed test.
wait_for_suite() {
  wait_beside "$1" || results note "$RESULTS/$1.json" failed "$1: the suite broke off"
}
end_tree() {
  local child
  for child in $(ps -o pid= --ppid "$1"); do end_tree "$child"; done
  kill -TERM "$1" 2>/dev/null || true
}
end_beside() {
  local name
  for name in "${!BESIDE[@]}"; do end_tree "${BESIDE[$name]}"; done
  for name in "${!BESIDE[@]}"; do wait "${BESIDE[$name]}" 2>/dev/null || true; done
}

# What carries our label after a suite was leaked by it. It is removed, so that the next suite starts clean.
leaks() {
  DIND_REMOVE=1 PYTHONPATH=$ROOT/tests/lib python3 -m dindtest.leaks
}

# tidy SUITE NAME COMMAND...: a check that runs whatever -k says, but counts under -k only when it fails: else a
# name that no test has would look like tests that passed.
tidy() {
  local keep=$RESULTS/$1.json.keep before
  before=$(results failed "$RESULTS/$1.json")
  rm -f "$keep"
  [[ ! -f $RESULTS/$1.json ]] || cp "$RESULTS/$1.json" "$keep"
  FILTER='' check "$@"
  [[ -n $FILTER && $(results failed "$RESULTS/$1.json") == "$before" ]] || return 0
  if [[ -f $keep ]]; then mv "$keep" "$RESULTS/$1.json"; else rm -f "$RESULTS/$1.json"; fi
}

# Processes that carry this run's mark in their environment and are not ours any more: a suite left them.
strays() {
  local environment pid parent clean=0
  for environment in /proc/[0-9]*/environ; do
    grep -qzxF -- "DIND_TEST_RUN=$DIND_TEST_RUN" "$environment" 2>/dev/null || continue
    pid=${environment#/proc/} pid=${pid%/environ} parent=$pid
    while ((parent > 1 && parent != $$)); do
      parent=$(sed -n 's/^PPid:\s*//p' "/proc/$parent/status" 2>/dev/null)
      parent=${parent:-0}
    done
    ((parent != $$)) && alive "$pid" || continue
    clean=1
    printf '%s %s\n' "$pid" "$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | cut -c1-160)"
  done
  return $clean
}

# run_suite NAME: the suite, a leak check where it used the engine, its time. A suite that breaks off is one failed test.
run_suite() {
  local suite=$1 start=$SECONDS status=0
  title "$suite"
  rm -f "$RESULTS/$suite".* "$RESULTS/$suite"-*
  with_own_folder XDG_RUNTIME_DIR "suite_$suite" </dev/null || status=$?
  ((status == 0)) || results note "$RESULTS/$suite.json" failed "$suite: the suite broke off (status $status)"
  case $suite in integration | hostile | cli | lsp | jsonrpc | http | python | stack)
    tidy "$suite" "$suite leaves no container, volume or network with our label" leaks ;;
  esac
  results time "$RESULTS/$suite.json" $((SECONDS - start))
}
