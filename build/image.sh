#!/usr/bin/env bash
# Makes a container image of a program that was published, as an archive of the OCI layout that `docker load`, `podman load` and `skopeo` read.
# It needs no base image and no container engine: the system's part are the C library, OpenSSL and the authorities' certificates, from Debian's packages.
# usage: version=… out=… work=… SOURCE_DATE_EPOCH=… build/image.sh RID FOLDER [native]
set -euo pipefail
cd "$(dirname "$0")/.."
rid=$1 folder=$2 kind=${3:-} work=$(realpath "$work")
declare -A architectures=([linux-x64]=amd64 [linux-arm64]=arm64)
architecture=${architectures[$rid]}
root=$work/image/$architecture
rm -rf "$root"
mkdir -p "$root"/{packages,base,program}
umask 022

fail() {
    echo "image: $*" >&2
    exit 1
}

command -v apt-get > /dev/null || fail "needs apt-get, for the system's part"
[ "$(dpkg --print-architecture)" = amd64 ] || fail "is only made on amd64"

# Packages of another kind of machine are looked up in lists of their own, so that this machine's stay as they are.
lists=$work/image/lists-$architecture
mkdir -p "$lists"/{state/lists/partial,cache/archives/partial}
touch "$lists/state/status"
apt=(apt-get -qq -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture" -o "Dir::State=$lists/state"
    -o "Dir::State::status=$lists/state/status" -o "Dir::Cache=$lists/cache" -o "APT::Sandbox::User=root")
"${apt[@]}" update > /dev/null || fail "the lists of Debian's packages for $architecture can't be had"
# base-files has the licences that the others' copyright files refer to.
packages=(libc6 libssl3 ca-certificates base-files)
# The runtime of .NET is C++.
[ "$kind" = native ] || packages+=(gcc-12-base libgcc-s1 libstdc++6 zlib1g)
(cd "$root/packages" && "${apt[@]}" download "${packages[@]}") > /dev/null || fail "${packages[*]} can't be had for $architecture"

for package in "$root"/packages/*.deb; do dpkg-deb --extract "$package" "$root/unpacked"; done
# Of them the libraries, their licences and the certificates; no shell, no package manager.
(
    cd "$root/unpacked"
    {
        find . \( -path '*/lib/*linux-gnu*/*' -o -path './lib64/*' -o -path './lib/ld-linux*' \) \( -type f -o -type l \) -regextype posix-extended \
            -regex '.*/(ld-linux|lib(c|m|dl|pthread|rt|resolv|gcc_s|ssl|crypto|stdc\+\+|z|nss_dns|nss_files)\.so)[^/]*' ! -name '*.py'
        find ./usr/share/doc -mindepth 2 -maxdepth 2 -name copyright
        find ./usr/share/common-licenses -type f -o -type l
    } | tar --no-recursion --files-from - -cf - | tar -C ../base -xf -
)
mkdir -p "$root"/base/{etc/ssl/certs,tmp,usr/bin,var/lib/p2pgrpc}
find "$root/unpacked/usr/share/ca-certificates" -name '*.crt' | sort | xargs cat > "$root/base/etc/ssl/certs/ca-certificates.crt"
echo 'hosts: files dns' > "$root/base/etc/nsswitch.conf"
echo '127.0.0.1 localhost' > "$root/base/etc/hosts"
printf 'root:x:0:0:root:/:/sbin/nologin\np2pgrpc:x:10001:10001:P2PGrpc node:/var/lib/p2pgrpc:/sbin/nologin\n' > "$root/base/etc/passwd"
printf 'root:x:0:\np2pgrpc:x:10001:\n' > "$root/base/etc/group"
chmod 1777 "$root/base/tmp"
chmod 0700 "$root/base/var/lib/p2pgrpc"

mkdir -p "$root/program"/usr/{bin,lib/p2pgrpc,share/doc/p2pgrpc}
install -m 0755 "$folder/p2pgrpc" "$root/program/usr/lib/p2pgrpc/"
install -m 0644 "$folder"/*.so "$root/program/usr/lib/p2pgrpc/"
ln -s ../lib/p2pgrpc/p2pgrpc "$root/program/usr/bin/p2pgrpc"
install -m 0644 LICENSE "$work/THIRD-PARTY-NOTICES.txt" "$out/p2pgrpc-$version.bom.json" "$root/program/usr/share/doc/p2pgrpc/"

python3 build/image_layout.py "$root/base" "$root/program" "$architecture" "$version" "$SOURCE_DATE_EPOCH" "$out/p2pgrpc-$version-$architecture.oci.tar"
