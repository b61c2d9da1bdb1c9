#!/usr/bin/env bash
# Measures with real processes and writes docs/benchmarks.md.
set -euo pipefail
cd "$(dirname "$0")/.."

exec dotnet artifacts/bin/P2PGrpc.Benchmarks/release/P2PGrpc.Benchmarks.dll "$@"
