#!/usr/bin/env bash
# Installs and runs what `make release` has made, as those would who get it: the tool, the programs, the Debian package, the container image, the unit.
# Nothing of this machine is changed: packages are installed in a copy of it that exists in memory only. Run it as root.
# usage: build/release_test.sh
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/artifacts/release
version=$(sed -nE 's/.*<Version>(.+)<\/Version>.*/\1/p' Directory.Build.props)
scratch=$(mktemp -d)
copy=
end() {
    local left
    mapfile -t left < <(jobs -p)
    [ "${#left[@]}" -eq 0 ] || kill -KILL "${left[@]}" 2> /dev/null || true
    [ -z "$copy" ] || umount --recursive "$copy" 2> /dev/null || true
    rm -rf "$scratch"
}
trap end EXIT

say() { echo "── $*"; }
fail() {
    echo "release-test: $*" >&2
    exit 1
}

# Starts a node by the given command, sends a message through it, reads it again, and stops it.
# usage: converse NAME DATA COMMAND…
converse() {
    local name=$1 data=$2 started
    shift 2
    started=$(date +%s%N)
    "$@" run --name "$name" --listen 127.0.0.1:0 --api off --data "$data" --quiet > "$scratch/$name.log" 2>&1 &
    local process=$!
    for _ in $(seq 300); do
        "$@" status --data "$data" > /dev/null 2>&1 && break
        kill -0 "$process" 2> /dev/null || { cat "$scratch/$name.log" >&2; fail "$name ended"; }
        sleep 0.05
    done
    echo "   $name answers after $((($(date +%s%N) - started) / 1000000)) ms"
    "$@" send self "hello from $name" --data "$data" > /dev/null || fail "$name could not send"
    "$@" tail --from start --no-follow --own --data "$data" | grep -F "hello from $name" > /dev/null || fail "$name did not keep its message"
    kill -TERM "$process"
    wait "$process" || fail "$name did not end with 0"
}

say "checksums"
(cd "$out" && sha256sum --check --quiet SHA256SUMS)

say "the .NET tool, from a folder of packages"
dotnet tool install P2PGrpc.Tool --version "$version" --tool-path "$scratch/tool" --add-source "$out" > "$scratch/tool.log" || { cat "$scratch/tool.log"; fail "the tool can't be installed"; }
[[ $("$scratch/tool/p2pgrpc" --version) == "$version"* ]] || fail "the tool is of another version"
converse tool "$scratch/tool.data" "$scratch/tool/p2pgrpc"

# A copy of this machine's file system whose changes are kept in memory.
copy=$scratch/copy
mkdir "$copy"
mount -t tmpfs none "$copy"
mkdir "$copy"/{upper,work,merged}
mount -t overlay overlay -o "lowerdir=/,upperdir=$copy/upper,workdir=$copy/work" "$copy/merged"
mount -t proc proc "$copy/merged/proc"
mount --bind /dev "$copy/merged/dev"
inside=$copy/merged
# It has no .NET.
mount -t tmpfs none "$inside/$(dirname "$(readlink -f "$(command -v dotnet)")")"
if chroot "$inside" dotnet --version > /dev/null 2>&1; then fail "the copy of this machine still has .NET"; fi

say "programs, where there is no .NET"
for kind in linux-x64 linux-x64-native; do
    mkdir "$inside/opt/$kind"
    tar -xzf "$out/p2pgrpc-$version-$kind.tar.gz" -C "$inside/opt/$kind"
    for file in LICENSE THIRD-PARTY-NOTICES.txt INSTALL.md CHANGELOG.md; do [ -s "$inside/opt/$kind/p2pgrpc-$version/$file" ] || fail "$kind has no $file"; done
    converse "$kind" "/opt/$kind.data" env -i "$(command -v chroot)" "$inside" "/opt/$kind/p2pgrpc-$version/p2pgrpc"
done

say "modes in the archives"
for archive in "$out"/*.tar.gz; do
    strange=$(tar --numeric-owner -tvzf "$archive" | awk '$2 != "0/0" || ($1 != "drwxr-xr-x" && $1 != "-rw-r--r--" && !($1 == "-rwxr-xr-x" && $NF ~ /\/p2pgrpc$/))')
    [ -z "$strange" ] || fail "$(basename "$archive") has files of strange modes: $strange"
done

say "the bill of materials, and the notices"
python3 - "$out/p2pgrpc-$version.bom.json" "$out/P2PGrpc.Tool.$version.nupkg" << 'END'
import json, sys, zipfile

with open(sys.argv[1], encoding="utf-8") as file:
    bom = json.load(file)
with zipfile.ZipFile(sys.argv[2]) as tool:
    assert tool.read("LICENSE") and tool.read("README.md")
    notices = tool.read("THIRD-PARTY-NOTICES.txt").decode()
    # What is in the tool is known from the build, which knows nothing of the bill.
    built = tool.read("tools/net10.0/any/p2pgrpc.deps.json")
assert bom["bomFormat"] == "CycloneDX" and bom["specVersion"], bom.get("bomFormat")
named = {f"{component['name']}/{component['version']}" for component in bom["components"]}
within = {name for name, library in json.loads(built)["libraries"].items() if library["type"] == "package"}
assert len(within) > 20 and within <= named, f"not in the bill: {within - named}"
bare = [component["name"] for component in bom["components"] if not component.get("licenses") or not component.get("purl")]
assert not bare, f"without a licence or an address: {bare}"
known = {component["bom-ref"] for component in [bom["metadata"]["component"], *bom["components"]]}
assert known == {dependency["ref"] for dependency in bom["dependencies"]}, "the graph of dependencies lacks some"
silent = [name for name in named if f"\n{name.replace('/', ' ')}\n" not in notices]
assert not silent, f"not in the notices: {silent}"
print(f"   {len(named)} components, {len(within)} of them packages that were built in; {len(notices) // 1024} KiB of notices")
END

say "the manifests"
tar -xzf "$out/p2pgrpc-$version-deploy.tar.gz" -C "$scratch"
if command -v kubectl > /dev/null; then
    manifests=$scratch/p2pgrpc-$version-deploy/kubernetes
    kubectl kustomize "$manifests" | grep -F ":$version" > /dev/null || fail "the manifests can't be put together, or run another version"
    echo "components: [keys]" >> "$manifests/kustomization.yaml"
    kubectl kustomize "$manifests" | grep -F "secretName: p2pgrpc-keys" > /dev/null || fail "the manifests can't be put together with keys out of a Secret"
else
    echo "   not looked at: there is no kubectl"
fi

say "the Debian package"
if command -v lintian > /dev/null; then lintian --fail-on error --suppress-tags bad-distribution-in-changes-file "$out/p2pgrpc_${version}_amd64.deb" | sed 's/^/   /'; fi
cp "$out/p2pgrpc_${version}_amd64.deb" "$inside/tmp/package.deb"
chroot "$inside" env DEBIAN_FRONTEND=noninteractive dpkg --install /tmp/package.deb > "$scratch/dpkg.log" 2>&1 || { cat "$scratch/dpkg.log"; fail "the package can't be installed"; }
for file in copyright THIRD-PARTY-NOTICES.gz bom.json.gz; do [ -s "$inside/usr/share/doc/p2pgrpc/$file" ] || fail "the package has no $file"; done
(cd "$inside" && md5sum --check --quiet var/lib/dpkg/info/p2pgrpc.md5sums) || fail "files of the package are not those of its list"
[ "$(stat -c '%a %U' "$inside/var/lib/p2pgrpc" | sed "s/UNKNOWN/p2pgrpc/")" = "700 p2pgrpc" ] || fail "the data directory is not the node's alone"
chroot "$inside" man -l --warnings /usr/share/man/man1/p2pgrpc.1.gz > /dev/null 2> "$scratch/man.log" || fail "the manual can't be read"
[ ! -s "$scratch/man.log" ] || { cat "$scratch/man.log"; fail "the manual has faults"; }
# shellcheck disable=SC2016
chroot "$inside" bash -c '. /usr/share/bash-completion/completions/p2pgrpc; COMP_LINE="p2pgrpc sen" COMP_POINT=11 COMP_WORDS=(p2pgrpc sen) COMP_CWORD=1; _p2pgrpc; [ "${COMPREPLY[*]}" = send ]' \
    || fail "the completion does not complete"

say "the unit"
chroot "$inside" systemd-analyze verify /usr/lib/systemd/system/p2pgrpc.service > "$scratch/verify.log" 2>&1 || true
# It ends with 0 whatever it finds, so what it says decides.
if [ -s "$scratch/verify.log" ]; then cat "$scratch/verify.log"; fail "systemd-analyze verify has something to say"; fi
chroot "$inside" systemd-analyze security --offline=true /usr/lib/systemd/system/p2pgrpc.service 2> /dev/null | tail -n 1 | sed 's/^/   /'

say "removal and purge"
chroot "$inside" dpkg --remove p2pgrpc > /dev/null 2>&1 || fail "the package can't be removed"
[ -e "$inside/etc/p2pgrpc/p2pgrpc.conf" ] || fail "the removal took the configuration"
chroot "$inside" dpkg --purge p2pgrpc > "$scratch/purge.log" 2>&1 || fail "the package can't be purged"
[ ! -e "$inside/etc/p2pgrpc/p2pgrpc.conf" ] && [ -d "$inside/var/lib/p2pgrpc" ] || fail "the purge left the configuration, or took the data"
grep -q "are left" "$scratch/purge.log" || fail "the purge says nothing of what it leaves"

say "the container image, its layers one above the other"
image=$copy/image
python3 - "$out/p2pgrpc-$version-amd64.oci.tar" "$image" << 'END'
import gzip, hashlib, io, json, sys, tarfile

with tarfile.open(sys.argv[1]) as archive:
    blobs = {member.name: archive.extractfile(member).read() for member in archive.getmembers()}
for name, content in blobs.items():
    assert not name.startswith("blobs/") or hashlib.sha256(content).hexdigest() == name.rsplit("/", 1)[1], name


def blob(descriptor):
    content = blobs[descriptor["digest"].replace("sha256:", "blobs/sha256/")]
    assert len(content) == descriptor["size"]
    return content


manifest = json.loads(blob(json.loads(blobs["index.json"])["manifests"][0]))
config = json.loads(blob(manifest["config"]))
for descriptor, difference in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True):
    content = gzip.decompress(blob(descriptor))
    assert difference == "sha256:" + hashlib.sha256(content).hexdigest()
    with tarfile.open(fileobj=io.BytesIO(content)) as layer:
        layer.extractall(sys.argv[2], numeric_owner=True)
END
for file in p2pgrpc/LICENSE p2pgrpc/THIRD-PARTY-NOTICES.txt libc6/copyright libssl3/copyright; do [ -s "$image/usr/share/doc/$file" ] || fail "the image has no $file"; done
[ -s "$image/usr/share/common-licenses/LGPL-2.1" ] || fail "the image has no licence of its C library"
# A root that is a mount, as a container's is.
mount --bind "$image" "$image"
mkdir -p "$image"/{proc,dev}
mount -t proc proc "$image/proc"
mount --bind /dev "$image/dev"
converse image /var/lib/p2pgrpc env -i "$(command -v chroot)" --userspec=10001:10001 "$image" /usr/bin/p2pgrpc
say "all of it installs and runs"
