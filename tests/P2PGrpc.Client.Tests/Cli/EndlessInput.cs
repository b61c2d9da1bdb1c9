namespace P2PGrpc.Client.Tests.Cli;

/// <summary>Input that begins with a text and goes on for ever without a line end.</summary>
internal sealed class EndlessInput(string begin = "") : MemoryStream(System.Text.Encoding.UTF8.GetBytes(begin))
{
    /// <summary>Bytes that were read.</summary>
    public long Given { get; private set; }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = base.Read(buffer, offset, count);
        if (read == 0)
        {
            buffer.AsSpan(offset, count).Fill((byte)'x');
            read = count;
        }

        Given += read;
        return read;
    }

    // The base class goes by Read(byte[], …) for this, as it does for spans.
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));
}
