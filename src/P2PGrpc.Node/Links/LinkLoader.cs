using System.Threading.Channels;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>Reads from the store what one link is to be sent, one read at a time, and only while the link's writer has room. The replicator keeps
/// at most one read a log in flight, which bounds the queue.</summary>
internal sealed class LinkLoader : IAsyncDisposable
{
    private readonly LinkSession session;
    private readonly LogStore store;
    private readonly Action<ReplicatorInput> report;
    private readonly Action<Exception> readFailed;
    private readonly Channel<ReplicatorOutput.Load> loads =
        Channel.CreateUnbounded<ReplicatorOutput.Load>(new UnboundedChannelOptions { SingleReader = true });

    private readonly CancellationTokenSource stopping = new();
    private readonly Task running;

    public LinkLoader(LinkSession session, LogStore store, Action<ReplicatorInput> report, Action<Exception> readFailed)
    {
        this.session = session;
        this.store = store;
        this.report = report;
        this.readFailed = readFailed;
        running = Task.Run(RunAsync);
    }

    public LinkSession Session => session;

    public void Add(ReplicatorOutput.Load load) => loads.Writer.TryWrite(load);

    /// <summary>The answer at once, where it is in memory and the link's writer has room; null if it takes a read.</summary>
    public ReplicatorInput.Loaded? TryServe(ReplicatorOutput.Load load) =>
        session.Outbound.HasRoom && store.LoadRecent(load.LogId, load.After, load.MaxWeight) is { } held
            ? new ReplicatorInput.Loaded(load.Link, load.LogId, held)
            : null;

    private async Task RunAsync()
    {
        try
        {
            await foreach (var load in loads.Reader.ReadAllAsync(stopping.Token).ConfigureAwait(false))
            {
                await session.Outbound.WaitForRoomAsync(stopping.Token).ConfigureAwait(false);
                report(new ReplicatorInput.Loaded(load.Link, load.LogId, store.Load(load.LogId, load.After, load.MaxWeight, load.ErasedThrough)));
            }
        }
        catch (OperationCanceledException)
        {
            // The link has ended.
        }
        catch (Exception broken)
        {
            // The replicator waits for this read: without it the link would seem alive and send nothing more. On the next link all is asked for anew. To call
            // it damage would be wrong: what can't be read now is not asked for again.
            if (!stopping.IsCancellationRequested)
                readFailed(broken);
            session.Close(GoodbyeReason.Unspecified, "its store could not be read");
        }
    }

    /// <summary>Stops reading. Completes once nothing runs any more.</summary>
    public async ValueTask DisposeAsync()
    {
        loads.Writer.TryComplete();
        await stopping.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
        stopping.Dispose();
    }
}
