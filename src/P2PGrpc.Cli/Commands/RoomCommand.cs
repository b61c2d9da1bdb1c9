using System.CommandLine;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc room create|ticket|join|leave|list|members|mute|unmute</c>: conversations of many.</summary>
internal sealed class RoomCommand(Surroundings surroundings)
{
    public static Command Create(Surroundings surroundings)
    {
        var room = new RoomCommand(surroundings);
        return new Command("room", "Makes, joins and shows rooms: conversations of many.")
        {
            room.CreateCreate(), room.CreateTicket(), room.CreateJoin(), room.CreateLeave(), room.CreateList(), room.CreateMembers(),
            room.CreateMute(), room.CreateUnmute(),
        };
    }

    private Command CreateCreate()
    {
        var name = new Argument<string>("name") { Description = $"What to call it: {Names.Form}" };
        return Complete(
            new Command("create", "Makes a room, and prints the ticket that lets others in.") { name },
            async (call, cancellationToken) =>
            {
                var request = new CreateRoomRequest { Name = Names.CheckRoom("The room's name", call.Parsed.GetRequiredValue(name)) };
                var answer = await call.Client.Conversations.CreateRoomAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                if (!call.Json)
                    surroundings.Write($"{RoomLines.Call(answer.Room)} is made. Whoever holds its ticket is a member, can read all of it and let others in:");
                ShowTicket(call, answer.Room.Name, answer.Ticket, qr: false);
            });
    }

    private Command CreateTicket()
    {
        var name = RoomArgument();
        var qr = new Option<bool>("--qr") { Description = "Also as a QR code" };
        return Complete(
            new Command("ticket", "Prints the ticket that makes a member of whoever holds it.") { name, qr },
            async (call, cancellationToken) =>
            {
                var request = new GetRoomTicketRequest { Room = call.Parsed.GetRequiredValue(name) };
                var answer = await call.Client.Conversations.GetRoomTicketAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                ShowTicket(call, request.Room, answer.Ticket, call.Parsed.GetValue(qr));
            });
    }

    private Command CreateJoin()
    {
        var ticket = TicketArgument.Create();
        var name = new Option<string?>("--name") { Description = $"What to call it here: {Names.Form} [default: as the ticket proposes]", HelpName = "NAME" };
        return Complete(
            new Command("join", "Joins the room of a ticket.") { ticket, name },
            async (call, cancellationToken) =>
            {
                var text = await TicketArgument.ReadAsync(call.Parsed.GetRequiredValue(ticket), surroundings, cancellationToken);
                if (!TicketArgument.IsOfRoom(text))
                    throw CommandException.Usage("This is no ticket of a room: that begins with 'room-' ('p2pgrpc room ticket ROOM' prints it). 'p2pgrpc join' takes a peer's.");
                await new JoinCommand(surroundings).JoinRoomAsync(call, text, call.Parsed.GetValue(name), cancellationToken);
            });
    }

    private Command CreateLeave()
    {
        var name = RoomArgument();
        return Complete(
            new Command("leave", "Leaves a room: its secret is forgotten here. Messages held stay readable.") { name },
            async (call, cancellationToken) =>
            {
                var request = new LeaveRoomRequest { Room = call.Parsed.GetRequiredValue(name) };
                var answer = await call.Client.Conversations.LeaveRoomAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                Show(call, answer.Room, $"left {RoomLines.Call(answer.Room)}; to come back, join it by a ticket");
            });
    }

    private Command CreateList()
    {
        var all = new Option<bool>("--all") { Description = "Also the rooms that were left" };
        return Complete(
            new Command("list", "Shows the rooms: name, members seen, members linked.") { all },
            async (call, cancellationToken) =>
            {
                var request = new ListRoomsRequest { IncludeLeft = call.Parsed.GetValue(all) };
                var answer = await call.Client.Conversations.ListRoomsAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                if (call.Json)
                    foreach (var room in answer.Rooms)
                        surroundings.Write(JsonLines.Room(room));
                else
                    RoomLines.Write(answer.Rooms, surroundings);
            });
    }

    private Command CreateMembers()
    {
        var name = RoomArgument();
        return Complete(
            new Command("members", "Shows the members that are known: who wrote, who is linked now, whom a ticket named.") { name },
            async (call, cancellationToken) =>
            {
                var request = new ListRoomMembersRequest { Room = call.Parsed.GetRequiredValue(name) };
                var answer = await call.Client.Conversations.ListRoomMembersAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                if (call.Json)
                    foreach (var member in answer.Members)
                        surroundings.Write(JsonLines.Member(member));
                else
                    RoomLines.Write(answer.Members, surroundings);
            });
    }

    private Command CreateMute()
    {
        var (name, peer) = (RoomArgument(), MemberArgument());
        return Complete(
            new Command("mute", "Takes nothing more of what a member writes in a room. What is held stays; direct messages are not touched.") { name, peer },
            async (call, cancellationToken) =>
            {
                var request = new MuteMemberRequest { Room = call.Parsed.GetRequiredValue(name), Peer = call.Parsed.GetRequiredValue(peer) };
                var answer = await call.Client.Conversations.MuteMemberAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                Show(call, answer.Member, $"muted {RoomLines.Call(answer.Member)}; 'p2pgrpc room unmute {ShellWord.Quote(request.Room)} {ShellWord.Quote(request.Peer)}' takes up where it stopped");
            });
    }

    private Command CreateUnmute()
    {
        var (name, peer) = (RoomArgument(), MemberArgument());
        return Complete(
            new Command("unmute", "Takes again what a member writes in a room, from where it stopped.") { name, peer },
            async (call, cancellationToken) =>
            {
                var request = new UnmuteMemberRequest { Room = call.Parsed.GetRequiredValue(name), Peer = call.Parsed.GetRequiredValue(peer) };
                var answer = await call.Client.Conversations.UnmuteMemberAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                Show(call, answer.Member, $"unmuted {RoomLines.Call(answer.Member)}");
            });
    }

    private static Argument<string> MemberArgument() => new("peer") { Description = "The member: an alias, a PeerId, or at least 8 characters of one" };

    private static Argument<string> RoomArgument() => new("room") { Description = "The room's name, with or without #, or its id" };

    private Command Complete(Command command, Func<NodeCall, CancellationToken, Task> run) => NodeCall.Complete(surroundings, command, run);

    private void Show(NodeCall call, Room room, string line) => surroundings.Write(call.Json ? JsonLines.Room(room) : line);

    private void Show(NodeCall call, RoomMember member, string line) => surroundings.Write(call.Json ? JsonLines.Member(member) : line);

    private void ShowTicket(NodeCall call, string room, string ticket, bool qr)
    {
        if (call.Json)
            surroundings.Write(JsonLines.Ticket(room.TrimStart('#'), ticket));
        else
            TicketLines.Write(ticket, qr, surroundings);
    }
}
