#!/usr/bin/env bash
# Makes the NuGet packages of the libraries and of the project template, with their symbols: artifacts/packages. What a package must have is checked, not hoped for.
set -euo pipefail
cd "$(dirname "$0")/.."

out=artifacts/packages
fail() {
    echo "pack: $*" >&2
    exit 1
}

libraries=(P2PGrpc.Protocol P2PGrpc.Core P2PGrpc.Client P2PGrpc.Node P2PGrpc.Testing)
mkdir -p "$out"
for library in "${libraries[@]}"; do rm -f "$out/$library".[0-9]*nupkg; done
rm -f "$out"/P2PGrpc.Templates.[0-9]*nupkg
# Paths of the build's machine are taken out of what is built for others, so it has a folder of its own, and no build of the checkout is made anew for it.
for project in "${libraries[@]/#/src/}" templates; do
    dotnet pack "$project" --configuration Release --artifacts-path "$PWD/artifacts/pack" --output "$out" --nologo --verbosity quiet -clp:NoSummary \
        -p:ContinuousIntegrationBuild=true "$@"
done

for library in "${libraries[@]}"; do
    package=$(echo "$out/$library".[0-9]*.nupkg)
    [ -e "$package" ] && [ -e "${package%.nupkg}.snupkg" ] || fail "$library has no package, or no symbols"
    files=$(python3 -m zipfile --list "$package" | awk 'NR > 1 { print $1 }')
    for file in README.md LICENSE "lib/net10.0/$library.dll" "lib/net10.0/$library.xml"; do
        grep -qxF "$file" <<< "$files" || fail "$package has no $file"
    done
    echo "$package  $(stat -c %s "$package") bytes"
done
echo "$out"/P2PGrpc.Templates.[0-9]*.nupkg
