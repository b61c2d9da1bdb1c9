using Grpc.Core;
using P2PGrpc.Client;
using P2PGrpc.Node.Upkeep;

namespace P2PGrpc.Cli.Commands;

/// <summary>What commands do with a node's files themselves, where no node answers or none is needed.</summary>
internal static class LocalWork
{
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
            throw new CommandException(ExitCodes.Failure, fault.Message);
        }
    }

    /// <summary>True if no node answers where it should: nothing listens there.</summary>
    public static bool MeansNobody(RpcException fault) => P2PGrpcException.From(fault).Reason == P2PGrpcException.NodeUnreachable;
}
