using System.CommandLine;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc invite [list|revoke]</c>: tickets that let one peer in.</summary>
internal sealed class InviteCommand(Surroundings surroundings)
{
    // The node has its own limit, and says which.
    private static readonly TimeSpan LongestExpiry = TimeSpan.FromDays(100_000);

    public static Command Create(Surroundings surroundings)
    {
        var invite = new InviteCommand(surroundings);
        var command = invite.CreateInvite();
        command.Add(invite.CreateList());
        command.Add(invite.CreateRevoke());
        return command;
    }

    private Command CreateInvite()
    {
        var alias = new Option<string?>("--alias") { Description = $"The name to give to whoever comes: {Names.Form}", HelpName = "NAME" };
        var expires = Durations.CreateOption("--expires", "How long it is good for, while this node runs [default: 7d]", LongestExpiry);
        var qr = new Option<bool>("--qr") { Description = "Also as a QR code" };
        return NodeCall.Complete(
            surroundings,
            new Command("invite", "Prints a ticket that lets one peer in, whichever shows it first.") { alias, expires, qr },
            async (call, cancellationToken) =>
            {
                var request = new CreateInviteRequest
                {
                    Alias = Names.CheckPeer("--alias", call.Parsed.GetValue(alias)),
                    ExpiresAfterSeconds = call.Parsed.GetValue(expires) is { } span ? (ulong)Math.Ceiling(span.TotalSeconds) : 0,
                };
                var answer = await call.Client.Node.CreateInviteAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                if (call.Json)
                {
                    surroundings.Write(JsonLines.Invite(answer.Invite, answer.Ticket));
                    return;
                }

                surroundings.Write(
                    $"Whoever shows this ticket first is let in, within {InviteLines.GoodFor(answer.Invite)}. On the other node: p2pgrpc join TICKET");
                TicketLines.Write(answer.Ticket, call.Parsed.GetValue(qr), surroundings);
            });
    }

    private Command CreateList() => NodeCall.Complete(
        surroundings,
        new Command("list", "Shows the invites that can still be used. Their tickets are not kept."),
        async (call, cancellationToken) =>
        {
            var answer = await call.Client.Node.ListInvitesAsync(new ListInvitesRequest(), deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
            if (call.Json)
                foreach (var invite in answer.Invites)
                    surroundings.Write(JsonLines.Invite(invite, null));
            else
                InviteLines.Write(answer.Invites, surroundings);
        });

    private Command CreateRevoke()
    {
        var id = new Argument<string>("invite") { Description = "The invite's id, its first 8 or more characters, or the alias that it gives" };
        return NodeCall.Complete(
            surroundings,
            new Command("revoke", "Takes an invite back that nobody has used.") { id },
            async (call, cancellationToken) =>
            {
                var request = new RevokeInviteRequest { Invite = call.Parsed.GetRequiredValue(id) };
                var answer = await call.Client.Node.RevokeInviteAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                surroundings.Write(call.Json ? JsonLines.Invite(answer.Invite, null) : $"the invite {InviteLines.Call(answer.Invite)} is revoked: its ticket lets nobody in");
            });
    }
}
