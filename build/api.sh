#!/usr/bin/env bash
# Writes down the public API of the libraries anew, as the analyzer sees it: src/*/PublicAPI.Unshipped.txt gets what PublicAPI.Shipped.txt does not list,
# and, marked as removed, what it lists and is gone. With `shipped`, for a release, all of that goes into PublicAPI.Shipped.txt.
# usage: build/api.sh [shipped]
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C

log=artifacts/api.log
mkdir -p artifacts

# The symbols of a rule's warnings, which stand in the log more than once: at the member, and for each part of a class.
symbols() { { grep -F "/$2/" "$log" || true; } | sed -nE "s/.*warning $1: Symbol '(.+)' is (not )?part of the declared (public )?API.*/\1/p" | sort -u; }

write_down() {
    local folder=$1 list=$1/PublicAPI.Unshipped.txt
    echo "#nullable enable" > "$list"
    dotnet build "$folder" --configuration Release --no-restore --nologo --verbosity quiet -clp:NoSummary "-p:WarningsNotAsErrors=RS0016%3BRS0017" > "$log" \
        || { cat "$log" >&2; exit 1; }
    symbols RS0017 "$folder" | sed 's/^/*REMOVED*/' >> "$list"
    symbols RS0016 "$folder" >> "$list"
    echo "$(grep -vc '^[#*]' "$list" || true) new, $(grep -c '^[*]' "$list" || true) removed: $folder"
}

ship() {
    local folder=$1 list=$1/PublicAPI.Unshipped.txt
    {
        echo "#nullable enable"
        sed '/^[#*]/d' "$folder/PublicAPI.Shipped.txt" "$list" | sort -u | comm -23 - <(sed -n 's/^\*REMOVED\*//p' "$list" | sort -u)
    } > "$folder/PublicAPI.Shipped.new"
    mv "$folder/PublicAPI.Shipped.new" "$folder/PublicAPI.Shipped.txt"
    echo "#nullable enable" > "$list"
    echo "$(grep -vc '^#' "$folder/PublicAPI.Shipped.txt" || true) shipped: $folder"
}

for list in src/*/PublicAPI.Unshipped.txt; do
    if [ "${1:-}" = shipped ]; then ship "$(dirname "$list")"; else write_down "$(dirname "$list")"; fi
done
