namespace P2PGrpc.Cli;

/// <summary>Standard error, whose own failures are passed over: what went wrong is told by the exit code all the same, and a full disk beneath a log file
/// must not become an error of its own.</summary>
internal sealed class ErrorStream(Stream inner) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Attempt(() => inner.Write(buffer, offset, count));

    public override void Flush() => Attempt(inner.Flush);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private static void Attempt(Action write)
    {
        try
        {
            write();
        }
        catch (Exception fault) when (OutputFailedException.Covers(fault))
        {
            // Nobody can be told.
        }
    }
}
