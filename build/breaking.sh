#!/usr/bin/env bash
# Compares the protos with those of the last commit on main. Until release 1.0 a break is allowed if it is meant:
# then the Unreleased section of CHANGELOG.md has a line that begins with "- Wire:".
# usage: build/breaking.sh BUF
set -euo pipefail
cd "$(dirname "$0")/.."
buf=$1

if ! git rev-parse --verify --quiet HEAD > /dev/null; then
    echo "no commit to compare the protos with"
    exit 0
fi
base=HEAD
for candidate in origin/main main; do
    if git rev-parse --verify --quiet "$candidate^{commit}" > /dev/null; then
        base=$candidate
        break
    fi
done
# On main itself, with nothing changed, the comparison that says something is the one with the commit before.
if [ "$(git rev-parse "$base^{commit}")" = "$(git rev-parse HEAD)" ] && git diff --quiet HEAD -- protos \
    && git rev-parse --verify --quiet 'HEAD^1' > /dev/null; then
    base='HEAD^1'
fi

before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
if ! git archive "$base" protos buf.yaml 2> /dev/null | tar -x -C "$before" 2> /dev/null; then
    echo "$base has no protos to compare with"
    exit 0
fi
if "$buf" breaking --against "$before"; then
    exit 0
fi
# All is read: a grep that left at the first find would let sed fail now and then, and the whole condition with it.
if sed -n '/^## \[Unreleased\]/,/^## \[[0-9]/p' CHANGELOG.md | grep '^- Wire:' > /dev/null; then
    echo "The wire format changes against $base; CHANGELOG.md says so."
    exit 0
fi
echo "The wire format changes against $base. If that is meant, say so in CHANGELOG.md under Unreleased, in a line '- Wire: …'."
exit 1
