#!/usr/bin/env bash
# Writes down the public API of the libraries anew, as the analyzer sees it: src/*/PublicAPI.Unshipped.txt gets what PublicAPI.Shipped.txt does not list.
set -euo pipefail
cd "$(dirname "$0")/.."

log=artifacts/api.log
mkdir -p artifacts
for project in src/*/PublicAPI.Unshipped.txt; do
    folder=$(dirname "$project")
    echo "#nullable enable" > "$project"
    dotnet build "$folder" --configuration Release --no-restore --nologo --verbosity quiet -clp:NoSummary -p:WarningsNotAsErrors=RS0016 > "$log" \
        || { cat "$log" >&2; exit 1; }
    # Each warning stands there more than once: at the member, and for each part of a class.
    { grep -F "/$folder/" "$log" || true; } | sed -nE "s/.*warning RS0016: Symbol '(.+)' is not part of the declared public API.*/\1/p" | LC_ALL=C sort -u >> "$project"
    echo "$(($(wc -l < "$project") - 1)) $folder"
done
