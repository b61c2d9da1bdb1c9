#!/usr/bin/env bash
# Fuzzing at length: prints for each target how many inputs it took, how many were accepted, and the most that one cost.
# usage: [TARGET=name] [COUNT=n] [SEED=n] build/fuzz.sh
set -euo pipefail
cd "$(dirname "$0")/.."

export P2PGRPC_FUZZ_TARGET=${TARGET:-} P2PGRPC_FUZZ_COUNT=${COUNT:-1000000} P2PGRPC_FUZZ_SEED=${SEED:-1}
log=artifacts/test-results/fuzz.log
mkdir -p "$(dirname "$log")"
code=0
dotnet artifacts/bin/P2PGrpc.Fuzz/release/P2PGrpc.Fuzz.dll -method "*.No_input_breaks_it" -showLiveOutput -noColor 2>&1 \
    | tee "$log" | grep --line-buffered -oE '[a-z-]+: [0-9]+ inputs, .* MiB$' || true
grep -q 'Failed: 0,' "$log" || code=1
[ "$code" -eq 0 ] || cat "$log"
exit "$code"
