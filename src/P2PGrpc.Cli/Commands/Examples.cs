using System.CommandLine;

namespace P2PGrpc.Cli.Commands;

/// <summary>What the help of each command shows to try.</summary>
internal static class Examples
{
    private static readonly Dictionary<string, string> Texts = new()
    {
        ["run"] = """
              p2pgrpc run --name alice --listen 127.0.0.1:5555 --peer bob=127.0.0.1:5556 --data ~/alice
              P2PGRPC_PEERS="bob=host2:5555 carol=host3:5555" p2pgrpc run
              p2pgrpc run --peer bob=srv:_p2pgrpc._tcp.example.org --discover lan
              p2pgrpc run --config /etc/p2pgrpc.json --quiet

            Each option may also stand in the environment (P2PGRPC_NAME, P2PGRPC_LISTEN, P2PGRPC_ADVERTISE, P2PGRPC_API,
            P2PGRPC_HEALTH, P2PGRPC_API_OPEN, P2PGRPC_WEB, P2PGRPC_WEB_ORIGINS, P2PGRPC_API_CERT, P2PGRPC_API_KEY, P2PGRPC_PEERS, P2PGRPC_ACCEPT,
            P2PGRPC_DISCOVER, P2PGRPC_DIAL_ANY, P2PGRPC_KEEP_DAYS, P2PGRPC_KEEP_BYTES, P2PGRPC_QUOTA_AUTHOR, P2PGRPC_QUOTA_ROOM,
            P2PGRPC_QUOTA_AUTHOR_RATE, P2PGRPC_QUOTA_ROOM_RATE, P2PGRPC_METRICS, P2PGRPC_LOG, P2PGRPC_DATA, P2PGRPC_CONFIG) or in the JSON file that
            --config names (name, listen, advertise, api, health, apiOpen, web, webOrigins, apiCert, apiKey, peers, accept, discover, dialAny, keepDays,
            keepBytes, quotaAuthor, quotaRoom, quotaAuthorRate, quotaRoomRate, metrics, log, data). The command line
            outranks the environment, and that the file.

            A SIZE is a number of bytes, or one with K, M, G or T, such as 500M or 1.5G. These are powers of 1024, and MB and MiB mean the same as M.
            """,
        ["send"] = """
              p2pgrpc send bob "hello" --data ~/alice
              p2pgrpc send bob "are you there?" --wait --timeout 10s
              echo "from a pipe" | p2pgrpc send bob -
              p2pgrpc send bob --file photo.jpg --content-type image/jpeg
              p2pgrpc send bob "order 17" --message-id order-17 --header source=shop --json
            """,
        ["tail"] = """
              p2pgrpc tail --data ~/bob
              p2pgrpc tail --from start --own
              p2pgrpc tail --consumer mailer --json | my-mailer
              p2pgrpc tail --conversation alice --no-follow

            A named consumer goes on where it was; what was written is acknowledged.
            """,
        ["chat"] = """
              p2pgrpc chat bob --data ~/alice
              p2pgrpc chat '#friends' --data ~/alice
              printf 'one\ntwo\n' | p2pgrpc chat bob

            ✓ stands for accepted (on this node's disk), ✓✓ for delivered (on bob's). Ctrl-D ends the chat.
            """,
        ["peers"] = """
              p2pgrpc peers list
              p2pgrpc peers add bob=192.0.2.7:5555
              p2pgrpc peers accept k3v7q2mw --alias dave
            """,
        ["peers list"] = """
              p2pgrpc peers list --data ~/alice
              p2pgrpc peers list --json | jq -r 'select(.link != "up") | .alias'
            """,
        ["peers add"] = """
              p2pgrpc peers add bob=192.0.2.7:5555
              p2pgrpc peers add bob=<id>@bob.example:5555
            """,
        ["peers remove"] = """
              p2pgrpc peers remove bob
            """,
        ["peers accept"] = """
              p2pgrpc peers accept k3v7q2mw --alias dave
            """,
        ["peers block"] = """
              p2pgrpc peers block mallory
            """,
        ["invite"] = """
              p2pgrpc invite --alias bob --data ~/alice
              p2pgrpc invite --expires 1h --qr
              p2pgrpc invite --json | jq -r .ticket

            The ticket holds a secret: give it to one person, by a way that others don't read. Once somebody has come in by it, it is worth nothing.
            """,
        ["invite list"] = """
              p2pgrpc invite list --data ~/alice
              p2pgrpc invite list --json | jq -r .id
            """,
        ["invite revoke"] = """
              p2pgrpc invite revoke bob
              p2pgrpc invite revoke k3v7q2mw
            """,
        ["join"] = """
              p2pgrpc join peer-… --data ~/bob
              p2pgrpc join room-… --name work
              p2pgrpc join - < ticket.txt
            """,
        ["room"] = """
              p2pgrpc room create friends --data ~/alice
              p2pgrpc room join room-… --data ~/bob
              p2pgrpc send '#friends' "hello, all" --data ~/alice
              p2pgrpc tail --conversation '#friends' --data ~/bob
            """,
        ["room create"] = """
              p2pgrpc room create friends
            """,
        ["room ticket"] = """
              p2pgrpc room ticket friends --qr
            """,
        ["room join"] = """
              p2pgrpc room join room-…
              p2pgrpc room join - --name work < ticket.txt
            """,
        ["room leave"] = """
              p2pgrpc room leave friends
            """,
        ["room list"] = """
              p2pgrpc room list --all
              p2pgrpc room list --json | jq -r .name
            """,
        ["room members"] = """
              p2pgrpc room members friends
            """,
        ["conversations"] = """
              p2pgrpc conversations --data ~/alice
              p2pgrpc conversations --json | jq -r 'select(.unread > 0) | .peer + .room'
            """,
        ["history"] = """
              p2pgrpc history bob --data ~/alice
              p2pgrpc history '#friends' --author carol --limit 200
              p2pgrpc history '#friends' --from 2026-11-26 --until 2026-11-27
              p2pgrpc history '#friends' --from 2h
              p2pgrpc history '#friends' --until now

            The newest messages are shown, up to --limit; from --from or --after on, the oldest of it. --before, --after and --from don't go together;
            --until goes alone, with --from or with --after. With --author, which lists in the order in which messages came here, there are no times.
            """,
        ["search"] = """
              p2pgrpc search invoice 2026 --data ~/alice
              p2pgrpc search '"last train"' --conversation '#friends'
              p2pgrpc search 'deliver*' --author bob --json
            """,
        ["read"] = """
              p2pgrpc read '#friends' --data ~/alice
            """,
        ["reindex"] = """
              p2pgrpc reindex --data ~/alice
            """,
        ["room mute"] = """
              p2pgrpc room mute friends mallory
            """,
        ["room unmute"] = """
              p2pgrpc room unmute friends mallory
            """,
        ["retention"] = """
              p2pgrpc retention show bob
              p2pgrpc retention set '#friends' --days 30 --bytes 500M
            """,
        ["retention show"] = """
              p2pgrpc retention show '#friends'
              p2pgrpc retention show self --json | jq .heldBytes
            """,
        ["retention set"] = """
              p2pgrpc retention set '#friends' --days 30 --bytes 500M
              p2pgrpc retention set bob --clear --days 7
              p2pgrpc retention set bob --clear

            What goes beyond is erased on this node for good, and its place is marked. Messages that nobody else holds yet stay.
            """,
        ["events"] = """
              p2pgrpc events --data ~/alice
              p2pgrpc events --json | jq 'select(.type == "linkDown")'
            """,
        ["id"] = """
              p2pgrpc id --data ~/alice
            """,
        ["status"] = """
              p2pgrpc status --data ~/alice
              p2pgrpc status --json | jq .undelivered

            Ends with 1 while the store is read only, with 3 where no node answers.
            """,
        ["doctor"] = """
              p2pgrpc doctor --data ~/alice
              p2pgrpc doctor --config /etc/p2pgrpc.json
              p2pgrpc doctor --json | jq 'select(.severity != "ok")'

            Ends with 1 if something is an error, and with 0 if there are warnings at most.
            """,
        ["explain"] = """
              p2pgrpc explain k3v7q2mw…/17
              p2pgrpc explain order-17 --json | jq '.recipients[].nextInMs'
            """,
        ["backup"] = """
              p2pgrpc backup /var/backups/alice-monday --data ~/alice
              p2pgrpc backup ~/alice-whole --with-key

            The directory is one of the node's machine; a service or a container may have a /tmp of its own. The node goes on meanwhile. A backup holds all messages, and the secrets of rooms, in clear: keep it as you keep the node's disk.
            """,
        ["restore"] = """
              p2pgrpc restore /var/backups/alice-monday --data ~/alice --key alice.key
              p2pgrpc restore ~/alice-whole --data ~/alice

            The directory must be empty, or hold nothing but identity.key.
            """,
        ["verify"] = """
              p2pgrpc verify --data ~/alice
              p2pgrpc verify /var/backups/alice-monday

            Of a backup all is looked at that 'restore' looks at. Ends with 1 if there is a fault.
            """,
        ["key"] = """
              p2pgrpc key export alice.key --data ~/alice
              p2pgrpc key import alice.key --data ~/alice
            """,
        ["key export"] = """
              p2pgrpc key export alice.key --data ~/alice
              p2pgrpc key export alice.key --passphrase-file /run/secrets/passphrase
            """,
        ["key import"] = """
              p2pgrpc key import alice.key --data ~/alice
            """,
        ["reload"] = """
              p2pgrpc reload --data ~/alice

            The same is done by SIGHUP to a node that runs without a terminal, as a service does. A file that is wrong changes nothing.
            """,
        ["drain"] = """
              p2pgrpc drain --wait 2m
              p2pgrpc drain --stop
              p2pgrpc drain --off

            Ends with 5 if not all was delivered in time.
            """,
        ["dead-letters"] = """
              p2pgrpc dead-letters list
              p2pgrpc dead-letters replay k3v7q2mw…/17
              p2pgrpc dead-letters discard k3v7q2mw…/18

            They stand in a room of this node, where the services beside it write them. All of it, whole: p2pgrpc history '#dead-letters'
            """,
        ["dead-letters list"] = """
              p2pgrpc dead-letters list --consumer order-service
              p2pgrpc dead-letters list --json | jq -r .error
            """,
        ["dead-letters replay"] = """
              p2pgrpc dead-letters replay k3v7q2mw…/17 --wait 2m
              p2pgrpc dead-letters list --json | jq -r .reference | xargs -n 1 p2pgrpc dead-letters replay

            Ends with 1 if the handler failed again, and with 5 if the service has not answered in time: it does what it was asked for when it runs again.
            """,
        ["dead-letters discard"] = """
              p2pgrpc dead-letters discard k3v7q2mw…/18
            """,
    };

    public static string? Find(Command command) => Texts.GetValueOrDefault(
        command.Parents.FirstOrDefault() is Command and not RootCommand and var group ? $"{group.Name} {command.Name}" : command.Name);
}
