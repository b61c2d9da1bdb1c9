#!/usr/bin/env bash
# A developer's first message, from an empty folder and the packages of artifacts/packages alone: the template, a build, two services, a message from one to the other.
# Then the other kind of the template, and the tests of both. Prints how long the first message took. Leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."

feed=$PWD/artifacts/packages
work=$(mktemp -d "${TMPDIR:-/tmp}/p2pgrpc-consume.XXXXXX")
services=()
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1

end() {
    trap - EXIT INT TERM
    [ "${#services[@]}" -eq 0 ] || kill "${services[@]}" 2> /dev/null || true
    wait || true
    rm -rf "$work"
}
trap end EXIT
trap 'exit 1' INT TERM

say() { echo "── $*"; }

fail() {
    echo "consume: $*" >&2
    exit 1
}

# Runs a command, and shows what it printed only if it failed.
quietly() { "$@" > "$work/log" 2>&1 || { cat "$work/log" >&2; fail "failed: $*"; }; }

until_it_holds() {
    local what=$1 tries=120
    shift
    until "$@" > /dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { cat "$work"/*.out >&2; fail "$what: not within 30 seconds"; }
        sleep 0.25
    done
}

free_port() {
    local port
    for _ in $(seq 50); do
        port=$((20000 + RANDOM % 12000))
        if ! (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then
            echo "$port"
            return
        fi
    done
    fail "no free port"
}

templates=$(find "$feed" -name 'P2PGrpc.Templates.[0-9]*.nupkg' | head -n 1)
[ -n "$templates" ] || fail "there are no packages: run make pack"

# The packages of this checkout are unpacked here and nowhere else, so that no older ones of the same version are taken for them; all others may lie where they lie.
global=$(dotnet nuget locals global-packages --list | sed 's/^[^:]*: //')
cat > "$work/NuGet.config" << END
<configuration>
  <config><add key="globalPackagesFolder" value="$work/packages" /></config>
  <fallbackPackageFolders><add key="global" value="$global" /></fallbackPackageFolders>
  <packageSources><add key="p2pgrpc" value="$feed" /></packageSources>
</configuration>
END
mkdir -p "$global" "$work/empty"
cd "$work/empty"
hive=(--debug:custom-hive "$work/hive")

start() {
    local name=$1 other=$2
    dotnet src/Hello/bin/Debug/net10.0/Hello.dll --urls="http://127.0.0.1:${http[$name]}" --Node:Name="$name" --Node:DataDirectory="$work/$name" \
        --Node:Listen="127.0.0.1:${listen[$name]}" --Node:Peers:0="$other=127.0.0.1:${listen[$other]}" > "$work/$name.out" 2>&1 &
    services+=("$!")
}

begun=$SECONDS
say "dotnet new p2pgrpc-service --name Hello --kind node"
quietly dotnet new install "$templates" "${hive[@]}"
quietly dotnet new p2pgrpc-service --name Hello --kind node "${hive[@]}"
cd Hello
say "dotnet build"
quietly dotnet build --nologo --verbosity quiet
say "two of it run; a message goes from one to the other"
declare -A http listen
for name in alice bob; do http[$name]=$(free_port) listen[$name]=$(free_port); done
start alice bob
start bob alice
healthy() { curl -fs "http://127.0.0.1:${http[$1]}/healthz"; }
for name in alice bob; do until_it_holds "$name is healthy" healthy "$name"; done
sent() { curl -fs -H 'content-type: application/json' -d '{"text": "hello bob"}' "http://127.0.0.1:${http[alice]}/messages/bob"; }
got() { curl -fs "http://127.0.0.1:${http[bob]}/messages" | grep -F '"hello bob"'; }
until_it_holds "alice's message is accepted" sent
until_it_holds "bob has it" got
got
echo
say "the first message took $((SECONDS - begun)) seconds, from an empty folder"
kill "${services[@]}"
services=()

say "dotnet test"
quietly dotnet test --no-build
cd ..
# A name that is no identifier, as many are.
say "dotnet new p2pgrpc-service --name order-service, dotnet build, dotnet test"
quietly dotnet new p2pgrpc-service --name order-service "${hive[@]}"
cd order-service
quietly dotnet build --nologo --verbosity quiet
quietly dotnet test --no-build
say "all of it took $((SECONDS - begun)) seconds"
