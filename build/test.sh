#!/usr/bin/env bash
# Runs the test projects one after another and prints the sum as the last line. Fails if a test failed or none ran.
# usage: build/test.sh [WORD]   only the projects whose name contains WORD
set -euo pipefail
cd "$(dirname "$0")/.."

# Seconds that one project may take before it is ended.
limit=${P2PGRPC_TEST_SECONDS:-720}
results=artifacts/test-results
export TESTINGPLATFORM_TELEMETRY_OPTOUT=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
mkdir -p "$results"
rm -f "$results/summary"
passed=0 failed=0 skipped=0 status=0

# The value of one line of the runner's summary, 0 if it is missing.
count() {
    sed -nE "s/^[[:space:]]*$1:[[:space:]]*([0-9]+).*/\1/p" "$2" | tail -n 1 | grep . || echo 0
}

run_project() {
    local name=$1 log="$results/$1.log" code=0
    echo "── $name"
    timeout --kill-after=20 "$limit" dotnet test --project "tests/$name" --configuration Release --no-build \
        --no-ansi --no-progress < /dev/null > "$log" 2>&1 || code=$?
    local ok bad left
    ok=$(count succeeded "$log") bad=$(count failed "$log") left=$(count skipped "$log")
    if [ "$code" -eq 124 ] || [ "$code" -eq 137 ]; then
        echo "$name did not end within $limit seconds" >> "$log"
    fi
    # A project that ended badly without a failed test (a crash, a time-out, no test at all) counts as one failure.
    if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    if [ "$code" -ne 0 ]; then cat "$log"; status=1; else grep -E '^skipped ' "$log" || true; fi
    echo "   $ok passed, $bad failed, $left skipped"
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + left))
}

while read -r project; do
    name=$(basename "$project" .csproj)
    case "$name" in *"${1:-}"*) run_project "$name" ;; esac
done < <(find tests -name '*.csproj' -exec grep -l '<IsTestProject>true' {} + | sort)

if [ $((passed + failed)) -eq 0 ]; then
    echo "no test ran"
    status=1
fi
summary="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || summary="$summary, $skipped skipped"
echo "$summary" | tee "$results/summary"
exit "$status"
