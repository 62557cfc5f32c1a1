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
    # One after the other, since SwiftPM's database of the build takes one program at a time, for as long as it looks for the tests.
    until grep -aq 'Test run started' "$command_line" || ! kill -0 $! 2>/dev/null; do sleep 0.2; done
    run --skip '^AGDCommandTests' | tee "$others" || status=$?
    wait $! || status=$?
    cat "$command_line"
fi

echo
for log in "$others" "$command_line"; do
    grep -a '✘' "$log" | grep -v 'Test run with'
    # A run that ended before its closing line was ended by something: its last lines tell by what.
    if [ -s "$log" ] && ! grep -aq 'Test run with' "$log"; then echo "${log##*/} has no closing line; it ends with:"; tail -n 40 "$log"; fi
done
grep -ah 'Test run with' "$others" "$command_line"
exit $status
