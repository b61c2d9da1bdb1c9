#!/usr/bin/env bash
# Installs what is missing, and only that. Quick when everything is there.
# The .NET SDK, git and make must be there; all else is installed, or the tests that need it skip themselves and say so.
set -euo pipefail
cd "$(dirname "$0")/.."

note() { echo "setup: $*" >&2; }

if ! command -v dotnet > /dev/null; then
    note "the .NET SDK is missing; install version 10 and try again"
    exit 1
fi

debian_packages() {
    local wanted=(openssl curl protobuf-compiler protobuf-compiler-grpc python3-cryptography python3-grpcio python3-protobuf strace faketime iproute2 nftables chromium)
    command -v npm > /dev/null || wanted+=(nodejs npm)
    local name
    for name in "${wanted[@]}"; do
        dpkg-query --show --showformat='${db:Status-Status}' "$name" 2> /dev/null | grep -qx installed || echo "$name"
    done
}

install_debian_packages() {
    local missing
    mapfile -t missing < <(debian_packages)
    [ "${#missing[@]}" -gt 0 ] || return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! sudo -n true 2> /dev/null; then
            note "not root: please install ${missing[*]}; the tests that need them will be skipped"
            return 0
        fi
        as_root=(sudo -n)
    fi
    note "installing ${missing[*]}"
    if ! { "${as_root[@]}" apt-get update -qq \
        && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } > /dev/null; then
        note "some of ${missing[*]} could not be installed; the tests that need them will be skipped"
    fi
}

# Not `npm ci`: it insists on a lock entry for every other platform's buf too. `--no-save` leaves the lock as it is.
install_node_packages() {
    [ node_modules/.package-lock.json -nt package-lock.json ] && return 0
    if ! command -v npm > /dev/null; then
        note "npm is missing: no buf, so protos can't be checked and its tests will be skipped"
        return 0
    fi
    npm install --no-save --ignore-scripts --loglevel=error || note "npm could not install the tools of package.json"
    [ ! -e node_modules/.package-lock.json ] || touch node_modules/.package-lock.json
}

# Prometheus' checker of rules, out of Debian's package: the package itself would start a service. Without it one test is skipped.
fetch_promtool() {
    local tools=artifacts/tools
    [ ! -e "$tools/promtool" ] && ! command -v promtool > /dev/null || return 0
    local folder
    folder=$(mktemp -d)
    if (cd "$folder" && timeout 60 apt-get download -qq prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb | tar x ./usr/bin/promtool) > /dev/null 2>&1; then
        mkdir -p "$tools"
        mv "$folder/usr/bin/promtool" "$tools/"
    else
        note "promtool could not be fetched; the test of the alerts will be skipped"
    fi
    rm -rf "$folder"
}

# PostgreSQL, for the tests of the client's outbox, as Debian's packages, which are only taken apart: installed they would start a service. Without them tests are skipped.
fetch_postgres() {
    local kept=artifacts/tools/postgresql package
    [ ! -e "$kept" ] && ! ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || return 0
    package=$(apt-cache depends postgresql 2> /dev/null | sed -nE 's/^ *Depends: (postgresql-[0-9]+)$/\1/p' | head -n 1)
    mkdir -p "$kept.new"
    if [ -n "$package" ] && (cd "$kept.new" && timeout 60 apt-get download -qq "$package" libpq5) > /dev/null 2>&1; then
        mv "$kept.new" "$kept"
    else
        note "PostgreSQL could not be fetched; the tests of the outbox that need it will be skipped"
        rm -rf "$kept.new"
    fi
}

restore() {
    local stamp=artifacts/.restored
    if [ -e "$stamp" ] && [ -z "$(find . -path ./node_modules -prune -o -path ./artifacts -prune -o \
        \( -name '*.csproj' -o -name 'Directory.*.props' -o -name '*.sln' \) -newer "$stamp" -print -quit)" ]; then
        return 0
    fi
    dotnet restore P2PGrpc.sln --verbosity quiet
    touch "$stamp"
}

command -v dpkg-query > /dev/null && install_debian_packages
command -v apt-get > /dev/null && fetch_promtool && fetch_postgres
install_node_packages
restore
