#!/usr/bin/env bash
# Simulated nodes on virtual time, with faults drawn from seeds. Prints its progress, the sum, and of each seed that failed what it drew.
# usage: [ROOMS=1] [SEED=n | [SEEDS=n] [FROM=n]] build/sim.sh   with ROOMS=1 rooms of up to a hundred members
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -n "${SEED:-}" ]; then export P2PGRPC_SIM_SEED=$SEED; fi
export P2PGRPC_SIM_FROM=${FROM:-0}
if [ -n "${ROOMS:-}" ]; then
    export P2PGRPC_SIM_ROOMS=${SEEDS:-2000}
    test=Members_of_rooms_converge_and_bodies_travel_about_once_to_each
else
    export P2PGRPC_SIM_SEEDS=${SEEDS:-20000}
    test=Nodes_converge_and_lose_nothing_whatever_fails
fi
log=artifacts/test-results/sim.log
mkdir -p "$(dirname "$log")"
code=0
dotnet artifacts/bin/P2PGrpc.Simulation/release/P2PGrpc.Simulation.dll -method "*.$test" -showLiveOutput -noColor 2>&1 \
    | tee "$log" | grep --line-buffered -oE 'SimulationOptions \{.*|[0-9]+ of [0-9]+ seeds from .*' | uniq || true
grep -q 'Failed: 0,' "$log" || code=1
[ "$code" -eq 0 ] || cat "$log"
exit "$code"
