using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace P2PGrpc.Testing;

/// <summary>One connection in memory: a pipe for each direction, with a stream at the end of whoever dialled and Kestrel's kind of end at the other. Thread-safe.</summary>
internal sealed class MeshConnection
{
    private static readonly PipeOptions Settings = new(useSynchronizationContext: false);

    private readonly MeshNetwork network;
    private readonly Pipe up = new(Settings);
    private readonly Pipe down = new(Settings);
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private bool isClosed;

    public MeshConnection(MeshNetwork network, string dialler, string dialled, IPEndPoint from, IPEndPoint to)
    {
        this.network = network;
        Dialler = dialler;
        Dialled = dialled;
        Stream = new MeshStream(this);
        Served = new MeshConnectionEnd($"{from}-{to}", this, up.Reader, down.Writer) { LocalEndPoint = to, RemoteEndPoint = from };
    }

    /// <summary>The name of the node that dialled.</summary>
    public string Dialler { get; }

    /// <summary>The name of the node that was dialled.</summary>
    public string Dialled { get; }

    /// <summary>The dialling side.</summary>
    public Stream Stream { get; }

    /// <summary>The side that Kestrel serves.</summary>
    public MeshConnectionEnd Served { get; }

    /// <summary>Ends the connection for both sides. What is under way is lost.</summary>
    /// <param name="reset">True where a process has died, false where a side has hung up.</param>
    public void Close(bool reset)
    {
        lock (gate)
        {
            if (isClosed)
                return;
            isClosed = true;
            down.Reader.CancelPendingRead();
            down.Reader.Complete();
        }

        up.Writer.Complete(reset ? new ConnectionResetException("The other node is gone.") : null);
        ended.TrySetResult();
        Served.End();
        network.Forget(this);
    }

    /// <summary>Bytes for the side that dialled. What has come before a partition, and was not read, waits as all else does.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult result;
            try
            {
                result = await down.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (InvalidOperationException)
            {
                throw Broken();
            }

            var mayPass = await MayPassAsync(cancellationToken).ConfigureAwait(false);
            if (TryCopy(result, mayPass, buffer, out var count))
                return count;
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private bool TryCopy(ReadResult result, bool mayPass, Memory<byte> buffer, out int count)
    {
        lock (gate)
        {
            if (isClosed)
                throw Broken();
            count = mayPass ? (int)Math.Min(result.Buffer.Length, buffer.Length) : 0;
            var taken = result.Buffer.Slice(0, count);
            foreach (var part in taken)
            {
                part.CopyTo(buffer);
                buffer = buffer[part.Length..];
            }

            down.Reader.AdvanceTo(taken.End);
        }

        network.Count(count);
        return mayPass && (count > 0 || result.IsCompleted || !result.Buffer.IsEmpty);
    }

    /// <summary>Bytes from the side that dialled.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        if (!await MayPassAsync(cancellationToken).ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Broken();
        }

        try
        {
            network.Count(buffer.Length);
            var result = await up.Writer.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            if (result.IsCompleted)
                throw Broken();
        }
        catch (InvalidOperationException)
        {
            throw Broken();
        }
    }

    /// <summary>Waits while a partition stands between the two. False if whoever waited has given up, or the connection is at its end.</summary>
    private async ValueTask<bool> MayPassAsync(CancellationToken cancellationToken)
    {
        if (network.CanReach(Dialler, Dialled))
            return true;
        var passage = network.WaitForPassageAsync(Dialler, Dialled, cancellationToken);
        await Task.WhenAny(passage, ended.Task).ConfigureAwait(false);
        return passage.IsCompletedSuccessfully;
    }

    private static IOException Broken() => new("The connection broke.");
}
