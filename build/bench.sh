#!/usr/bin/env bash
# Measures with real processes and writes docs/benchmarks.md.
# usage: build/bench.sh [--quick] [--growth] [--history=N] [--report] [WORD]   only the parts whose name contains WORD
set -euo pipefail
cd "$(dirname "$0")/.."

note() { echo "bench: $*" >&2; }

# NATS is only needed here, so setup does not install it. Without it its rows say so.
install_nats() {
    command -v nats-server > /dev/null && [ -e /usr/include/nats/nats.h ] && return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2> /dev/null || return 1
        as_root=(sudo -n)
    fi
    command -v apt-get > /dev/null || return 1
    note "installing nats-server and libnats-dev"
    { "${as_root[@]}" apt-get update -qq \
        && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nats-server libnats-dev; } > /dev/null 2>&1
}

source=tests/P2PGrpc.Benchmarks/Nats/nats_worker.c worker=artifacts/nats_worker
rm -f "$worker"
if ! { install_nats && command -v gcc > /dev/null && gcc -O2 -Wall -o "$worker" "$source" -lnats -lpthread; }; then
    note "no nats-server, libnats-dev or gcc: the rows of NATS will be skipped"
fi

# Only the nodes' part measures the native program, and to make it takes a minute.
word=
for argument in "$@"; do
    case $argument in --*) ;; *) word=$argument ;; esac
done
if [[ nodes == *"$word"* && " $* " != *" --quick "* && " $* " != *" --report "* ]]; then
    build/native.sh > /dev/null || note "the native program could not be made: its rows will be missing or those of an older one"
fi

exec dotnet artifacts/bin/P2PGrpc.Benchmarks/release/P2PGrpc.Benchmarks.dll "$@"
