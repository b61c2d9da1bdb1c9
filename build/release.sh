#!/usr/bin/env bash
# Makes all that a release consists of in artifacts/release: packages, programs, a Debian package and a container image for each kind of machine,
# what it takes to deploy them, a bill of materials, checksums. Archives, Debian packages and images depend on their content alone. What can't be made here is left out, and said.
# usage: build/release.sh
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -nE 's/.*<Version>(.+)<\/Version>.*/\1/p' Directory.Build.props)
out=artifacts/release work=artifacts/release-work
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH version out work LC_ALL=C TZ=UTC
umask 022
rm -rf "$out" "$work/stage"
mkdir -p "$out" "$work/stage"

say() { echo "── $*" >&2; }
skip() { echo "release: left out: $*" >&2; }

# Publishes the program, without the paths of the machine on which it is built, for a runtime identifier into a folder, apart from the checkout's own build.
publish() {
    local rid=$1 folder=$2
    shift 2
    dotnet publish src/P2PGrpc.Cli --configuration Release --runtime "$rid" --self-contained --artifacts-path "$work/build" \
        --output "$folder" --nologo --verbosity quiet -clp:NoSummary -p:ContinuousIntegrationBuild=true "$@"
    rm -f "$folder"/*.dbg "$folder"/*.pdb "$folder"/*.xml
    chmod 0644 "$folder"/*.so
}

# An archive whose bytes depend on the content alone.
pack() {
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$2" -cf - "$(basename "$3")" | gzip -9n > "$1"
}

archive() {
    local name=$1 folder=$2
    cp LICENSE CHANGELOG.md "$work/THIRD-PARTY-NOTICES.txt" "$folder/"
    cp docs/install.md "$folder/INSTALL.md"
    cp "$work/manual/p2pgrpc.1" deploy/debian/bash-completion "$folder/"
    pack "$out/$name.tar.gz" "$(dirname "$folder")" "$folder"
}

for file in deploy/compose.yaml deploy/kubernetes/kustomization.yaml; do
    grep -qwF -- "$version" "$file" || { echo "release: $file names another version than $version" >&2; exit 1; }
done

say "the libraries"
build/pack.sh > "$work/pack.log" || { cat "$work/pack.log" >&2; exit 1; }
cp artifacts/packages/*.nupkg artifacts/packages/*.snupkg "$out/"

say "the manual"
build/manual.sh "$work/manual/p2pgrpc.1"

say "programs that bring .NET along"
for rid in linux-x64 linux-arm64; do
    publish "$rid" "$work/stage/$rid/p2pgrpc-$version" -p:PublishSingleFile=true -p:PublishReadyToRun=true
done

say "programs of machine code"
native=(linux-x64)
if command -v aarch64-linux-gnu-gcc > /dev/null; then
    native+=(linux-arm64)
else
    skip "machine code for arm64: it takes gcc-aarch64-linux-gnu"
fi
for rid in "${native[@]}"; do
    options=()
    [ "$rid" = linux-x64 ] || options=("-p:CppCompilerAndLinker=$PWD/build/cross_gcc.sh" -p:ObjCopyName=aarch64-linux-gnu-objcopy)
    CROSS_GCC=aarch64-linux-gnu-gcc publish "$rid" "$work/stage/$rid-native/p2pgrpc-$version" -p:PublishAot=true "${options[@]}"
done

say "the bill of materials, and the notices of what is in it"
build/materials.sh "$out/p2pgrpc-$version.bom.json"
build/notices.py "$out/p2pgrpc-$version.bom.json" "$work/THIRD-PARTY-NOTICES.txt"

say "archives of the programs"
for folder in "$work"/stage/linux-*/p2pgrpc-"$version"; do archive "p2pgrpc-$version-$(basename "$(dirname "$folder")")" "$folder"; done

say "the .NET tool"
dotnet pack src/P2PGrpc.Cli --configuration Release --artifacts-path "$work/build" --output "$out" --nologo --verbosity quiet -clp:NoSummary \
    -p:ContinuousIntegrationBuild=true -p:ThirdPartyNotices="$PWD/$work/THIRD-PARTY-NOTICES.txt"

say "Debian packages and container images"
for rid in linux-x64 linux-arm64; do
    folder="$work/stage/$rid-native/p2pgrpc-$version" kind=native
    [ -d "$folder" ] || folder="$work/stage/$rid/p2pgrpc-$version" kind=
    build/deb.sh "$rid" "$folder" $kind
    build/image.sh "$rid" "$folder" $kind || skip "the container image for $rid"
done

say "what it takes to deploy"
mkdir -p "$work/stage/deploy"
cp -r deploy "$work/stage/deploy/p2pgrpc-$version-deploy"
cp LICENSE "$work/stage/deploy/p2pgrpc-$version-deploy/"
pack "$out/p2pgrpc-$version-deploy.tar.gz" "$work/stage/deploy" "p2pgrpc-$version-deploy"

(cd "$out" && sha256sum -- * > SHA256SUMS)
(cd "$out" && ls -l --block-size=1 | awk 'NR > 1 { printf "%12d  %s\n", $5, $9 }')
