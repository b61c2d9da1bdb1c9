#!/usr/bin/env bash
# Has two nodes of a program talk and stop, and packs their data directories: testdata/upgrade/README.md says what is in them, and what for.
# usage: build/upgrade_data.sh PROGRAM FILE      with the p2pgrpc of any version, and schema-N.tar.gz
set -euo pipefail
program=$(realpath "$1") target=$(realpath "$2")
work=$(mktemp -d)
declare -A nodes=()
end() {
    [ "${#nodes[@]}" -eq 0 ] || kill "${nodes[@]}" 2> /dev/null || true
    wait || true
    rm -rf "$work"
}
trap end EXIT

fail() {
    echo "upgrade-data: $*" >&2
    exit 1
}

# usage: as NAME ARGUMENTS…
as() {
    local name=$1
    shift
    "$program" "$@" --data "$work/$name"
}

until_it_holds() {
    local tries=200
    until "$@" > /dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { cat "$work"/*.log >&2; fail "not within 20 seconds: $*"; }
        sleep 0.1
    done
}

start() {
    local name=$1 port=$2 other=$3 otherport=$4
    "$program" run --name "$name" --listen "127.0.0.1:$port" --api off --peer "$other=127.0.0.1:$otherport" --data "$work/$name" --quiet > "$work/$name.log" 2>&1 &
    nodes[$name]=$!
    until_it_holds as "$name" status
}

stop() {
    kill -TERM "${nodes[$1]}"
    wait "${nodes[$1]}" || fail "$1 did not end with 0"
    unset "nodes[$1]"
}

# What an older program does not know yet is left out.
help=$("$program" --help)
knows() { grep -qE "^  $1 " <<< "$help"; }
holds() { as "$1" tail --from start --own --no-follow | grep -F "$2"; }

first=$((20000 + RANDOM % 6000)) second=$((26000 + RANDOM % 6000))
start alice "$first" bob "$second"
start bob "$second" alice "$first"
as alice send bob "hello bob" --wait > /dev/null
as bob send alice "hello alice" --wait > /dev/null
as alice send bob "with an id" --message-id order-1 --wait > /dev/null
if knows room; then
    as bob room join "$(as alice room create friends | grep -oE 'room-[^ ]+' | head -n 1)" > /dev/null
    as alice send '#friends' "hello all" > /dev/null
    until_it_holds holds bob "hello all"
    as bob send '#friends' "hello from bob" > /dev/null
    until_it_holds holds alice "hello from bob"
fi
as alice tail --consumer reader --from start --no-follow > /dev/null
if knows retention; then as alice retention set '#friends' --days 30 > /dev/null; fi
if knows read; then as alice read bob > /dev/null; fi
if knows invite; then as alice invite --alias carol > /dev/null; fi
stop bob
as alice send bob "sent while bob was away" > /dev/null
stop alice

cd "$work"
files=(alice/identity.key alice/p2pgrpc.db bob/identity.key bob/p2pgrpc.db)
for file in alice/p2pgrpc.db-wal bob/p2pgrpc.db-wal; do [ ! -s "$file" ] || fail "$file was not taken into the database"; done
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf - "${files[@]}" | gzip -9n > "$target"
tar -tvzf "$target"
