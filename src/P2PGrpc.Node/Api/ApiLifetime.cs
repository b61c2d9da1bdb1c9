using Grpc.Core;
using P2PGrpc.Node.Conversations;

namespace P2PGrpc.Node.Api;

/// <summary>Ends long calls when the node stops: streams are not told by the server itself. Thread-safe.</summary>
internal sealed class ApiLifetime : IDisposable
{
    private readonly CancellationTokenSource stopping = new();

    public bool IsStopping => stopping.IsCancellationRequested;

    public CancellationTokenSource Link(CancellationToken call) => CancellationTokenSource.CreateLinkedTokenSource(call, stopping.Token);

    public void Stop() => stopping.Cancel();

    /// <summary>What a call ends with that the stop cut short.</summary>
    public static NodeRequestException Ended(string sentence = "The node is stopping. Connect again when it is back.") => new(StatusCode.Unavailable, "NODE_STOPPING", sentence)
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    public void Dispose() => stopping.Dispose();
}
