#!/usr/bin/env bash
# The tests with real processes, with the program of machine code in place of the build's own: about as long as `make test ONLY=EndToEnd`.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$PWD/artifacts/bin/native/p2pgrpc
[ -x "$program" ] || { echo "native-test: $program is missing: run make native" >&2; exit 1; }
P2PGRPC_PROGRAM=$program exec build/test.sh EndToEnd
