#!/usr/bin/env bash
# Builds the C++ client and the one that docs/clients/cpp.md shows, and runs both against a node. Those in Python and Node.js run in the tests.
# usage: build/interop.sh
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "interop: $*" >&2
    exit 1
}

# Nothing else here needs these, so setup does not install them.
packages=(g++ pkg-config libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc)
mapfile -t missing < <(for name in "${packages[@]}"; do
    dpkg-query --show --showformat='${db:Status-Status}' "$name" 2> /dev/null | grep -qx installed || echo "$name"
done)
if [ "${#missing[@]}" -gt 0 ]; then
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2> /dev/null || fail "please install ${missing[*]}"
        as_root=(sudo -n)
    fi
    echo "interop: installing ${missing[*]}" >&2
    { "${as_root[@]}" apt-get update -qq \
        && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } > /dev/null \
        || fail "${missing[*]} could not be installed"
fi

stubs=artifacts/interop
rm -rf "$stubs"
mkdir -p "$stubs"
mapfile -t protos < <(cd protos && find . -name '*.proto' | sed 's,^\./,,' | sort)
protoc --proto_path=protos --proto_path=tests/interop --cpp_out="$stubs" --grpc_out="$stubs" --plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin \
    "${protos[@]}" google_rpc.proto
cp tests/interop/client.cc "$stubs/client.cc"
sed -n '/^```cpp$/,/^```$/p' docs/clients/cpp.md | sed '1d;$d' > "$stubs/hello.cc"

echo "── compiling the stubs and two clients, about a minute"
mapfile -t flags < <(pkg-config --cflags grpc++ protobuf | xargs -n 1)
mapfile -t libraries < <(pkg-config --libs grpc++ protobuf | xargs -n 1)
mapfile -t generated < <(find "$stubs" -name '*.pb.cc' | sort)
printf '%s\n' "${generated[@]}" | xargs -P "$(nproc)" -I FILE g++ -std=c++17 -O0 "-I$stubs" "${flags[@]}" -c FILE -o FILE.o
for client in client hello; do
    g++ -std=c++17 -Wall -O0 "-I$stubs" "${flags[@]}" "$stubs/$client.cc" "${generated[@]/%/.o}" "${libraries[@]}" -o "$stubs/$client"
done

data=$(mktemp -d "${TMPDIR:-/tmp}/p2pgrpc-interop.XXXXXX")
artifacts/bin/p2pgrpc run --name alice --listen 127.0.0.1:0 --api 127.0.0.1:0 --data "$data/alice" --quiet < /dev/null > "$data/log" 2>&1 &
node=$!
trap 'kill "$node" 2> /dev/null; wait "$node" 2> /dev/null; rm -rf "$data"' EXIT
for _ in $(seq 80); do
    [ ! -e "$data/alice/api.address" ] || break
    sleep 0.25
done
[ -e "$data/alice/api.address" ] || fail "the node does not start: $(cat "$data/log")"
address=$(sed 's,^http://,,' "$data/alice/api.address")
token=$(cat "$data/alice/api.token")

echo "── the tour"
"$stubs/client" "$address" "$token" | tee "$data/tour"
diff tests/interop/tour.expected "$data/tour" || fail "the tour did not give what tour.expected holds"

echo "── what the document shows, twice"
"$stubs/hello" "$address" "$token" self | tee "$data/first"
"$stubs/hello" "$address" "$token" self | tee "$data/second"
grep -qx 'self: hello from cpp' "$data/first" || fail "the client did not read what it sent"
[ "$(head -n 1 "$data/first")" = "$(cat "$data/second")" ] || fail "the same message was sent twice, or what was acknowledged came again"
echo "── all as expected"
