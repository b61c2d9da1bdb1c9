#!/usr/bin/env bash
# A demonstration: alice, bob and carol on free ports with throw-away data send each other messages, one of them to a node
# that was killed and comes back. Stays up and shows commands to try until Ctrl-C; with CI=true or without a terminal it ends
# by itself, with exit code 0 if all messages arrived.
set -euo pipefail
cd "$(dirname "$0")/.."

program=artifacts/bin/p2pgrpc
data=$(mktemp -d "${TMPDIR:-/tmp}/p2pgrpc-demo.XXXXXX")
# Seconds that a node may take to start, and a message to arrive.
patience=20
declare -A listen api process

end() {
    trap - EXIT INT TERM
    [ "${#process[@]}" -eq 0 ] || kill "${process[@]}" 2> /dev/null || true
    wait || true
    rm -rf "$data"
}
trap end EXIT
trap 'exit 0' INT TERM

say() { printf '\n── %s\n' "$*"; }

fail() {
    echo "the demonstration failed: $*" >&2
    exit 1
}

is_taken() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

# A port where nobody listens now, below the range of outgoing connections; $1 keeps the six apart.
free_port() {
    local port
    for _ in $(seq 50); do
        port=$((20000 + (RANDOM % 2000) * 6 + $1))
        if ! is_taken "$port"; then
            echo "$port"
            return
        fi
    done
    fail "no free port"
}

start() {
    local name=$1 peers=() other
    for other in "${!listen[@]}"; do
        [ "$other" = "$name" ] || peers+=(--peer "$other=127.0.0.1:${listen[$other]}")
    done
    "$program" run --name "$name" --listen "127.0.0.1:${listen[$name]}" --api "127.0.0.1:${api[$name]}" "${peers[@]}" \
        --data "$data/$name" < /dev/null > >(sed -u "s/^/$(printf '%-5s' "$name") │ /") 2>&1 &
    process[$name]=$!
}

until_it_holds() {
    local what=$1 tries=$((patience * 4))
    shift
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || fail "$what: not within $patience seconds"
        sleep 0.25
    done
}

answers() { "$program" status --data "$data/$1" > /dev/null 2>&1; }

holds() { "$program" tail --data "$data/$1" --from start --no-follow --json 2> /dev/null | grep -F "$2" > /dev/null; }

send() {
    local from=$1
    shift
    # The shell takes an unquoted # for a comment.
    echo "\$ p2pgrpc send ${1/#\#*/\'$1\'} \"$2\" --data $data/$from ${*:3}"
    "$program" send "$@" --data "$data/$from" || fail "$from could not send to $1"
}

number=0
for name in alice bob carol; do
    listen[$name]=$(free_port "$number")
    api[$name]=$(free_port "$((number + 1))")
    number=$((number + 2))
done

say "three nodes start; each lists the other two by address alone"
for name in alice bob carol; do start "$name"; done
for name in alice bob carol; do until_it_holds "$name answers" answers "$name"; done

say "messages by the p2pgrpc program"
send alice bob "hello bob, this is alice" --wait
send bob alice "hello alice, I hear you" --wait

if [ -x node_modules/.bin/buf ]; then
    say "a message by a foreign client, which knows nothing but what the node's reflection says"
    echo "\$ buf curl --unix-socket $data/alice/api.sock … /p2pgrpc.v1.PeerService/Send"
    node_modules/.bin/buf curl --http2-prior-knowledge --protocol grpc --unix-socket "$data/alice/api.sock" \
        -d '{"to":"bob","text":"hello from buf curl"}' http://localhost/p2pgrpc.v1.PeerService/Send || fail "buf curl"
    until_it_holds "bob reads what buf curl sent" holds bob "hello from buf curl"
fi

say "a room: alice makes it, bob joins by its ticket, and carol by one that bob hands on"
"$program" room create friends --data "$data/alice" > /dev/null || fail "alice could not make a room"
join() {
    echo "\$ p2pgrpc room ticket friends --data $data/$1 | p2pgrpc room join - --data $data/$2"
    "$program" room ticket friends --data "$data/$1" | "$program" room join - --data "$data/$2" || fail "$2 could not join the room"
}
join alice bob
join bob carol
send alice '#friends' "hello, all of you"
until_it_holds "bob reads what alice wrote in the room" holds bob "hello, all of you"
until_it_holds "carol reads what alice wrote in the room" holds carol "hello, all of you"

say "carol is killed; a message to her is accepted all the same, and delivered when she returns"
send alice carol "hello carol, this is alice" --wait
kill -KILL "${process[carol]}"
wait "${process[carol]}" 2> /dev/null || true
send alice carol "for when you are back"
start carol
until_it_holds "carol answers" answers carol
until_it_holds "carol reads what came while she was away" holds carol "for when you are back"
until_it_holds "bob reads alice's message" holds bob "hello bob, this is alice"
until_it_holds "alice reads bob's message" holds alice "hello alice, I hear you"

say "all messages arrived. To try in another terminal:"
cat << END

  $program send bob "hello" --data $data/alice --wait
  $program tail --data $data/bob --from start
  $program chat alice --data $data/bob
  $program send '#friends' "hello" --data $data/carol
  $program room members friends --data $data/alice
  $program peers list --data $data/carol

  grpcurl -plaintext -H "authorization: Bearer \$(cat $data/alice/api.token)" \\
      -d '{"to": "bob", "text": "hello"}' 127.0.0.1:${api[alice]} p2pgrpc.v1.PeerService/Send
  grpcurl -plaintext -H "authorization: Bearer \$(cat $data/bob/api.token)" \\
      -d '{"start_at": "START_AT_START"}' 127.0.0.1:${api[bob]} p2pgrpc.v1.PeerService/Subscribe

END
if [ "${CI:-}" = true ] || [ ! -t 1 ]; then exit 0; fi
echo "Ctrl-C ends it all."
wait
