#!/usr/bin/env bash
# A PostgreSQL for tests, in a temporary directory, on a Unix socket: prints how to connect to it, and ends it when standard input ends.
# usage: build/postgres.sh     It uses what Debian's package has installed, else the package itself, where `make setup` has fetched it.
set -euo pipefail
cd "$(dirname "$0")/.."
packages=$PWD/artifacts/tools/postgresql

fail() {
    echo "postgres: $*" >&2
    exit 1
}

work=$(mktemp -d "${TMPDIR:-/tmp}/p2pgrpc-postgres.XXXXXX")
as_server=()
finish() {
    [ ! -e "$work/data/postmaster.pid" ] || "${as_server[@]}" "$programs/pg_ctl" -D "$work/data" -m immediate stop > /dev/null || true
    rm -rf "$work"
}
trap finish EXIT

programs=$(find /usr/lib/postgresql/*/bin -maxdepth 0 2> /dev/null | sort -V | tail -n 1 || true)
if [ -z "$programs" ]; then
    # The programs find their other files by where they are themselves.
    for package in "$packages"/*.deb; do
        [ -e "$package" ] || fail "it is missing here: make setup fetches it on Debian"
        dpkg-deb --extract "$package" "$work/programs"
    done
    programs=$(find "$work/programs" -type d -path '*/postgresql/*/bin')
    as_server=(env "LD_LIBRARY_PATH=$(dirname "$(find "$work/programs" -name 'libpq.so.5' -print -quit)")")
fi
# It refuses to run as root.
if [ "$(id -u)" -eq 0 ]; then
    as_server=(runuser -u nobody -- "${as_server[@]}")
    chown nobody "$work"
fi

# Whoever may enter the directory may use the server: nobody else.
"${as_server[@]}" "$programs/initdb" -D "$work/data" -A trust -U p2pgrpc --no-sync > "$work/log" 2>&1 || fail "initdb failed: $(cat "$work/log")"
"${as_server[@]}" "$programs/pg_ctl" -D "$work/data" -l "$work/data/log" -o "-k $work -c listen_addresses= -c fsync=off -c shared_buffers=16MB" -w start > "$work/log" 2>&1 \
    || fail "it does not start: $(cat "$work/log" "$work/data/log")"
echo "Host=$work;Username=p2pgrpc;Database=postgres"
cat > /dev/null
