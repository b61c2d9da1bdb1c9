using Grpc.Core;
using P2PGrpc.Client;
using P2PGrpc.Node.Upkeep;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary>What commands do with a node's files themselves, where no node answers or none is needed.</summary>
internal static class LocalWork
{
    /// <summary>How long a node may take to say who it is, which it does from memory: more than one under full load needs, and half of what 'doctor' may take in all.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(5);

    /// <summary>Runs it on another thread, and turns what goes wrong into a line for people.</summary>
    /// <exception cref="CommandException">It could not be done.</exception>
    public static async Task<T> RunAsync<T>(Func<T> work)
    {
        try
        {
            return await Task.Run(work);
        }
        catch (UpkeepException fault)
        {
            // A passphrase that is too short is judged like one that is empty.
            throw new CommandException(fault.Reason == "PASSPHRASE_SHORT" ? ExitCodes.Usage : ExitCodes.Failure, fault.Message);
        }
    }

    /// <summary>True if no node answers where it should: nothing listens there, or what does is silent.</summary>
    public static bool MeansNobody(RpcException fault) => P2PGrpcException.From(fault).Reason is P2PGrpcException.NodeUnreachable or P2PGrpcException.TimedOut;

    /// <summary>Asks the node whether it is there, so that what takes long is asked only of one that answers: the process of one that hangs still takes connections.</summary>
    /// <exception cref="RpcException">It does not answer, or refuses.</exception>
    public static async Task GreetAsync(P2PGrpcClient client, Surroundings surroundings, CancellationToken cancellationToken) =>
        await client.Node.GetNodeAsync(
            new GetNodeRequest(), deadline: surroundings.Time.GetUtcNow().UtcDateTime + AnswerTime, cancellationToken: cancellationToken);
}
