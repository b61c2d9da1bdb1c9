using System.CommandLine;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Client;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc peers list|add|remove|accept|block</c>: whom the node knows, changed while it runs.</summary>
internal static class PeersCommand
{
    public static Command Create(Surroundings surroundings) => new("peers", "Shows and changes whom the node knows.")
    {
        CreateList(surroundings),
        CreateChange(
            surroundings, "add", "Adds a peer, or changes the alias or addresses of one.",
            new Argument<string>("peer") { Description = "[alias=][id@]host:port, or [alias=]id for a peer that dials in" }, null,
            async (client, peer, _, cancellationToken) =>
                (await client.Node.AddPeerAsync(new AddPeerRequest { Peer = peer }, deadline: surroundings.Deadline(), cancellationToken: cancellationToken)).Peer),
        CreateChange(
            surroundings, "remove", "Forgets a peer. Messages held stay; it may knock again.",
            new Argument<string>("peer") { Description = "An alias, a peer id, or host:port" }, null,
            async (client, peer, _, cancellationToken) =>
            {
                await client.Node.RemovePeerAsync(new RemovePeerRequest { Peer = peer }, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                return null;
            }),
        CreateChange(
            surroundings, "accept", "Lets in a peer that knocked, or unblocks one.",
            new Argument<string>("peer") { Description = "A peer id, its first 8 or more characters, or an alias" },
            new Option<string?>("--alias") { Description = $"The name to give it: {Names.Form}", HelpName = "NAME" },
            async (client, peer, alias, cancellationToken) => (await client.Node.AcceptPeerAsync(
                new AcceptPeerRequest { Peer = peer, Alias = Names.CheckPeer("--alias", alias) }, deadline: surroundings.Deadline(), cancellationToken: cancellationToken)).Peer),
        CreateChange(
            surroundings, "block", "Closes a peer's link and refuses it until it is accepted again. What it writes in a shared room still comes by way of other members.",
            new Argument<string>("peer") { Description = "An alias or a peer id" }, null,
            async (client, peer, _, cancellationToken) =>
                (await client.Node.BlockPeerAsync(new BlockPeerRequest { Peer = peer }, deadline: surroundings.Deadline(), cancellationToken: cancellationToken)).Peer),
    };

    private static Command CreateList(Surroundings surroundings)
    {
        var json = JsonOption.Create();
        var command = new Command("list", "Shows the peers: who, where, whether linked, and what is not yet delivered.") { json };
        var node = NodeSelection.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings,
            async () =>
            {
                await using var client = node.Open(parsed, surroundings);
                var answer = await client.Node.ListPeersAsync(new ListPeersRequest(), deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                if (parsed.GetValue(json))
                {
                    foreach (var peer in answer.Peers)
                        surroundings.Write(JsonLines.Peer(peer));
                }
                else
                {
                    PeerTable.Write(answer.Peers, surroundings, node.Repeat(parsed));
                }
                return ExitCodes.Success;
            },
            cancellationToken));
        return command;
    }

    private static Command CreateChange(
        Surroundings surroundings,
        string name,
        string description,
        Argument<string> subject,
        Option<string?>? alias,
        Func<P2PGrpcClient, string, string?, CancellationToken, Task<Peer?>> change)
    {
        var json = JsonOption.Create();
        var command = new Command(name, description) { subject, json };
        if (alias is not null)
            command.Add(alias);
        var node = NodeSelection.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings,
            async () =>
            {
                await using var client = node.Open(parsed, surroundings);
                var given = parsed.GetRequiredValue(subject);
                var peer = await change(client, given, alias is null ? null : parsed.GetValue(alias), cancellationToken);
                if (parsed.GetValue(json))
                    surroundings.Write(peer is null ? JsonLines.Removed(given) : JsonLines.Peer(peer));
                else
                    surroundings.Write(peer is null ? $"{given} is removed" : PeerTable.Describe(peer));
                return ExitCodes.Success;
            },
            cancellationToken));
        return command;
    }
}
