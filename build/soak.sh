#!/usr/bin/env bash
# The campaign of kill -9 at length: nothing that was answered ACCEPTED may be lost or doubled. Prints its progress and the sum.
# usage: build/soak.sh [CYCLES]
set -euo pipefail
cd "$(dirname "$0")/.."

export P2PGRPC_KILL_CYCLES=${1:-1000}
log=artifacts/test-results/soak.log
mkdir -p "$(dirname "$log")"
code=0
dotnet artifacts/bin/P2PGrpc.EndToEnd/release/P2PGrpc.EndToEnd.dll -class "*.KillCampaignTests" -showLiveOutput -noColor 2>&1 \
    | tee "$log" | grep --line-buffered -oE 'P2PGRPC_KILL_.*|cycle [0-9]+ of.*|cycles [0-9]+, .*' || true
grep -q 'Failed: 0,' "$log" || code=1
[ "$code" -eq 0 ] || cat "$log"
exit "$code"
