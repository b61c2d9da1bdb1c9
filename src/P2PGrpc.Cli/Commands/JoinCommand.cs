using System.CommandLine;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc join</c>: takes up a ticket, be it a room's or a peer's invite.</summary>
internal sealed class JoinCommand(Surroundings surroundings)
{
    public static Command Create(Surroundings surroundings)
    {
        var ticket = TicketArgument.Create();
        var name = new Option<string?>("--name") { Description = $"What to call the room or the peer here: {Names.Form} [default: as the ticket proposes]", HelpName = "NAME" };
        var join = new JoinCommand(surroundings);
        return NodeCall.Complete(
            surroundings,
            new Command("join", "Takes up a ticket: a peer's invite, or a room's.") { ticket, name },
            async (call, cancellationToken) =>
            {
                var text = await TicketArgument.ReadAsync(call.Parsed.GetRequiredValue(ticket), surroundings, cancellationToken);
                var given = call.Parsed.GetValue(name);
                if (TicketArgument.IsOfPeer(text))
                    await join.RedeemAsync(call, text, given, cancellationToken);
                else if (TicketArgument.IsOfRoom(text))
                    await join.JoinRoomAsync(call, text, given, cancellationToken);
                else
                    throw CommandException.Usage("This is no ticket: that begins with 'peer-' ('p2pgrpc invite' prints it) or 'room-' ('p2pgrpc room ticket ROOM').");
            });
    }

    /// <summary>Joins the room of a ticket, and says so.</summary>
    public async Task JoinRoomAsync(NodeCall call, string ticket, string? name, CancellationToken cancellationToken)
    {
        var request = new JoinRoomRequest { Ticket = ticket, Name = Names.CheckRoom("--name", name) };
        var answer = await call.Client.Conversations.JoinRoomAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
        surroundings.Write(call.Json
            ? JsonLines.Room(answer.Room)
            : $"joined {RoomLines.Call(answer.Room)}; its members are dialled: 'p2pgrpc room members {answer.Room.Name}{call.NodeOptions}' shows whom it has reached");
    }

    private async Task RedeemAsync(NodeCall call, string ticket, string? alias, CancellationToken cancellationToken)
    {
        var request = new RedeemInviteRequest { Ticket = ticket, Alias = Names.CheckPeer("--name", alias) };
        var answer = await call.Client.Node.RedeemInviteAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
        surroundings.Write(call.Json
            ? JsonLines.Peer(answer.Peer)
            : answer.Peer.Link == LinkState.Up
            ? $"{PeerTable.Describe(answer.Peer)}; it knows this node already if it is more than a fellow member of a room: then the invite stays unused, and its giver may revoke it"
            : $"{PeerTable.Describe(answer.Peer)}; it is dialled, and shown the invite: 'p2pgrpc peers list{call.NodeOptions}' shows whether it has let this node in");
    }
}
