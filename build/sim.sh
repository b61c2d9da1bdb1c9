#!/usr/bin/env bash
# Simulated nodes on virtual time, with faults drawn from seeds. Prints its progress, the sum, and of each seed that failed what it drew.
# usage: [ROOMS=1] [SEED=n | [SEEDS=n] [FROM=n]] build/sim.sh   with ROOMS=1 only rooms of up to a hundred members; else one room for forty others
set -euo pipefail
cd "$(dirname "$0")/.."

rooms=Members_of_rooms_converge_and_bodies_travel_about_once_to_each
if [ -n "${SEED:-}" ]; then export P2PGRPC_SIM_SEED=$SEED; fi
export P2PGRPC_SIM_FROM=${FROM:-0}
if [ -n "${ROOMS:-}" ]; then
    export P2PGRPC_SIM_ROOMS=${SEEDS:-2000}
    tests=(-method "*.$rooms")
else
    export P2PGRPC_SIM_SEEDS=${SEEDS:-20000}
    export P2PGRPC_SIM_ROOMS=$((P2PGRPC_SIM_SEEDS / 40 + 1))
    tests=(-method "*.Nodes_converge_and_lose_nothing_whatever_fails")
    if [ -z "${SEED:-}" ]; then tests+=(-method "*.$rooms"); fi
fi
log=artifacts/test-results/sim.log
mkdir -p "$(dirname "$log")"
code=0
dotnet artifacts/bin/P2PGrpc.Simulation/release/P2PGrpc.Simulation.dll "${tests[@]}" -showLiveOutput -noColor 2>&1 \
    | tee "$log" | grep --line-buffered -oE 'SimulationOptions \{.*|[0-9]+ of [0-9]+ seeds from .*' | uniq || true
grep -q 'Failed: 0,' "$log" || code=1
[ "$code" -eq 0 ] || cat "$log"
exit "$code"
