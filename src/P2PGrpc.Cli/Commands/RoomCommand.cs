using System.CommandLine;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Client;
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
        var name = new Argument<string>("name") { Description = "What to call it: a-z, 0-9, _ and -" };
        return Complete(
            new Command("create", "Makes a room, and prints the ticket that lets others in.") { name },
            async (call, cancellationToken) =>
            {
                var request = new CreateRoomRequest { Name = call.Parsed.GetRequiredValue(name) };
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
        var ticket = new Argument<string>("ticket") { Description = "The ticket; - reads it from standard input, where no list of processes shows it" };
        var name = new Option<string?>("--name") { Description = "What to call it here [default: as the ticket proposes]", HelpName = "NAME" };
        return Complete(
            new Command("join", "Joins the room of a ticket.") { ticket, name },
            async (call, cancellationToken) =>
            {
                var given = call.Parsed.GetRequiredValue(ticket);
                var request = new JoinRoomRequest
                {
                    Ticket = given == "-" ? await ReadTicketAsync(cancellationToken) : given,
                    Name = call.Parsed.GetValue(name) ?? "",
                };
                var answer = await call.Client.Conversations.JoinRoomAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                Show(call, answer.Room, $"joined {RoomLines.Call(answer.Room)}; its members are dialled: 'p2pgrpc room members {answer.Room.Name}' shows whom it has reached");
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

    private Command Complete(Command command, Func<Call, CancellationToken, Task> run)
    {
        var json = JsonOption.Create();
        command.Add(json);
        var node = NodeSelection.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings,
            async () =>
            {
                await using var client = node.Open(parsed, surroundings);
                await run(new Call(client, parsed, parsed.GetValue(json)), cancellationToken);
                return ExitCodes.Success;
            },
            cancellationToken));
        return command;
    }

    private async Task<string> ReadTicketAsync(CancellationToken cancellationToken)
    {
        await using var input = surroundings.OpenInput();
        return InputText.Decode(await InputText.ReadAsync(input, InputText.LargestBody, InputText.StandardInput, cancellationToken), InputText.StandardInput).Trim();
    }

    private void Show(Call call, Room room, string line) => surroundings.Write(call.Json ? JsonLines.Room(room) : line);

    private void Show(Call call, RoomMember member, string line) => surroundings.Write(call.Json ? JsonLines.Member(member) : line);

    private void ShowTicket(Call call, string room, string ticket, bool qr)
    {
        surroundings.Write(call.Json ? JsonLines.Ticket(room.TrimStart('#'), ticket) : ticket);
        if (!qr || call.Json)
            return;
        var code = QrLines.Create(ticket).ToList();
        if (surroundings.Colors && surroundings.Columns() < code[0].Length)
            surroundings.Write($"Its QR code is {code[0].Length} columns wide: make the terminal wider.");
        else
            code.ForEach(surroundings.Write);
    }

    /// <summary>One invocation.</summary>
    private sealed record Call(P2PGrpcClient Client, ParseResult Parsed, bool Json);
}
