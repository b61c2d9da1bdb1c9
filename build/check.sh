#!/usr/bin/env bash
# What must hold of the code itself: formatting, protos, and the rules that the Tidy tests keep.
# Analyzers have run already: the build treats their warnings as errors.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { echo "── $*"; }

step "dotnet format"
dotnet format P2PGrpc.sln --verify-no-changes --no-restore --severity warn

buf=node_modules/.bin/buf
if [ -x "$buf" ]; then
    step "buf lint, format, breaking"
    "$buf" lint
    "$buf" format --diff --exit-code
    build/breaking.sh "$buf"
elif [ "${CI:-}" = true ]; then
    echo "buf is missing: run make setup"
    exit 1
else
    step "buf is missing: the protos are not checked"
fi

build/test.sh Tidy
