#!/usr/bin/env bash
# Makes a Debian package of a program that was published. Its bytes depend on the content alone.
# usage: version=… out=… work=… SOURCE_DATE_EPOCH=… build/deb.sh RID FOLDER [native]
set -euo pipefail
cd "$(dirname "$0")/.."
rid=$1 folder=$2 kind=${3:-}
declare -A architectures=([linux-x64]=amd64 [linux-arm64]=arm64)
architecture=${architectures[$rid]}
root=$work/deb/$architecture
rm -rf "$root"
umask 022

install -d "$root"/{DEBIAN,etc/p2pgrpc,usr/bin,usr/lib/p2pgrpc,usr/lib/systemd/system} \
    "$root"/usr/share/{bash-completion/completions,doc/p2pgrpc,lintian/overrides,man/man1}
install -m 0755 "$folder/p2pgrpc" "$root/usr/lib/p2pgrpc/"
install -m 0644 "$folder"/*.so "$root/usr/lib/p2pgrpc/"
ln -s ../lib/p2pgrpc/p2pgrpc "$root/usr/bin/p2pgrpc"
install -m 0644 deploy/debian/p2pgrpc.conf "$root/etc/p2pgrpc/"
install -m 0644 deploy/debian/bash-completion "$root/usr/share/bash-completion/completions/p2pgrpc"
install -m 0644 deploy/debian/copyright "$root/usr/share/doc/p2pgrpc/"
gzip -9n < "$work/THIRD-PARTY-NOTICES.txt" > "$root/usr/share/doc/p2pgrpc/THIRD-PARTY-NOTICES.gz"
install -m 0644 deploy/debian/lintian-overrides "$root/usr/share/lintian/overrides/p2pgrpc"
gzip -9n < "$work/manual/p2pgrpc.1" > "$root/usr/share/man/man1/p2pgrpc.1.gz"
gzip -9n < "$out/p2pgrpc-$version.bom.json" > "$root/usr/share/doc/p2pgrpc/bom.json.gz"
gzip -9n < CHANGELOG.md > "$root/usr/share/doc/p2pgrpc/NEWS.md.gz"
date=$(date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")
maintainer="the authors of P2PGrpc <nobody@localhost.localdomain>"
printf 'p2pgrpc (%s) unstable; urgency=medium\n\n  * Release %s: see NEWS.md.\n\n -- %s  %s\n' "$version" "$version" "$maintainer" "$date" \
    | gzip -9n > "$root/usr/share/doc/p2pgrpc/changelog.gz"

# A program that compiles as it runs has to write what it executes.
if [ "$kind" != native ]; then
    sed -e '/^# Only for the program of machine code/d' -e '/^MemoryDenyWriteExecute=/d' deploy/systemd/p2pgrpc.service > "$root/usr/lib/systemd/system/p2pgrpc.service"
else
    cp deploy/systemd/p2pgrpc.service "$root/usr/lib/systemd/system/p2pgrpc.service"
fi
chmod 0644 "$root/usr/lib/systemd/system/p2pgrpc.service"

# What the programs were linked against; the TLS library is looked for when it is needed first, so no linker knows of it.
libc=$(for file in "$root"/usr/lib/p2pgrpc/*; do readelf --version-info "$file"; done | grep -oE 'GLIBC_2\.[0-9]+' | sort -uV | tail -n 1)
needed=$(for file in "$root"/usr/lib/p2pgrpc/*; do readelf --dynamic "$file"; done | sed -nE 's/.*\(NEEDED\).*\[(.+)\]/\1/p' | sort -u)
depends="adduser, init-system-helpers (>= 1.54), libc6 (>= ${libc#GLIBC_}), libssl3 | libssl3t64"
grep -q '^libgcc_s' <<< "$needed" && depends+=", libgcc-s1"
grep -q '^libstdc++' <<< "$needed" && depends+=", libstdc++6"
grep -q '^libz\.' <<< "$needed" && depends+=", zlib1g"

for script in postinst prerm postrm; do install -m 0755 "deploy/debian/$script" "$root/DEBIAN/"; done
echo /etc/p2pgrpc/p2pgrpc.conf > "$root/DEBIAN/conffiles"
cat > "$root/DEBIAN/control" << END
Package: p2pgrpc
Version: $version
Section: net
Priority: optional
Architecture: $architecture
Depends: $depends
Suggests: bash-completion
Installed-Size: $(du --summarize --apparent-size --block-size=1024 --exclude=DEBIAN "$root" | cut -f 1)
Maintainer: $maintainer
Description: messages between peers without a broker
 A program or a person hands a message to its own node, and the nodes carry
 it to each other over gRPC and mutual TLS, through crashes and absences, in
 order and once. Each node keeps its messages in logs of signed segments.
 .
 The package runs one node of this machine as a service, with a user and a
 data directory of its own.
END
(cd "$root" && find usr etc -type f -print0 | sort -z | xargs -0 md5sum) > "$root/DEBIAN/md5sums"
chmod 0644 "$root"/DEBIAN/{control,conffiles,md5sums}
find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz --build "$root" "$out/p2pgrpc_${version}_$architecture.deb" > /dev/null
