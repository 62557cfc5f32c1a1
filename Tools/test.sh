#!/usr/bin/env bash
# Runs the tests, which have to be built already. Those of the command line wait for the programs that they start, so that they run
# beside all others. What failed, if anything did, is told once more at the end, before the closing lines.
#
#     Tools/test.sh [FLAGS OF swift test]     with flags, such as --filter RegionWeightTests, in one run
set -uo pipefail
cd "$(dirname "$0")/.."

run() { swift test --skip-build --no-parallel --ignore-lock "$@" 2>&1; }
command_line=.build/tests-of-the-command-line.log others=.build/tests.log
: > "$command_line"
status=0

if [ $# -gt 0 ]; then
    run "$@" | tee "$others" || status=$?
else
    run --filter '^AGDCommandTests' > "$command_line" &
    run --skip '^AGDCommandTests' | tee "$others" || status=$?
    wait $! || status=$?
    cat "$command_line"
fi

echo
grep -ah '✘' "$others" "$command_line" | grep -v 'Test run with'
grep -ah 'Test run with' "$others" "$command_line"
exit $status
