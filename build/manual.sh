#!/usr/bin/env bash
# Makes the manual page of the program's own help, so that it says what the program does.
# usage: build/manual.sh FILE, with the program of `make build`, or P2PGRPC_PROGRAM
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
program=${P2PGRPC_PROGRAM:-$root/artifacts/bin/p2pgrpc}
version=$(sed -nE 's/.*<Version>(.+)<\/Version>.*/\1/p' "$root/Directory.Build.props")
date=$(date --utc --date="@${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}" +%Y-%m-%d)
mkdir -p "$(dirname "$1")"

# Text as it stands: backslashes doubled, and no line that roff would take for a command.
verbatim() {
    echo .nf
    sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e 's/^\([.'"'"']\)/\\\&\1/'
    echo .fi
}

commands() {
    "$program" "$@" --help | sed -n '/^Commands:/,/^$/p' | sed -nE 's/^  ([a-z]+) .*/\1/p'
}

page() {
    echo ".SS \"p2pgrpc $*\""
    "$program" "$@" --help | sed -e 's/^Description:$//' | cat -s | verbatim
    local inner
    for inner in $(commands "$@"); do page "$@" "$inner"; done
}

{
    echo ".TH P2PGRPC 1 \"$date\" \"P2PGrpc $version\" \"User Commands\""
    echo .SH NAME
    echo 'p2pgrpc \- run a node of the P2PGrpc messaging network, and send and receive messages by it'
    echo .SH SYNOPSIS
    echo '.B p2pgrpc'
    echo '.I command'
    echo '.RI [ options ]'
    echo .SH DESCRIPTION
    "$program" --help | sed -e 1d | cat -s | verbatim
    echo .SH COMMANDS
    for command in $(commands); do page "$command"; done
    echo .SH FILES
    echo .TP
    echo .I /etc/p2pgrpc/p2pgrpc.conf
    echo 'The options of the node that the Debian package runs as a service, in JSON.'
    echo .TP
    echo .I /var/lib/p2pgrpc
    echo 'Its data directory. Root and the user p2pgrpc reach it by'
    echo '.BR "p2pgrpc status \-\-data /var/lib/p2pgrpc" .'
} > "$1"
