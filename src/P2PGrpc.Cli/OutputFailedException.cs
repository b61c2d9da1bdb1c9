namespace P2PGrpc.Cli;

/// <summary>The program's output could not be written, though somebody wants it: the disk that it goes to is full, or the like.</summary>
internal sealed class OutputFailedException(Exception inner) : Exception($"The output can't be written: {inner.Message}", inner)
{
    // The system's numbers, which .NET passes on as they are: EPIPE everywhere, ECONNRESET on Linux and on macOS.
    private const int BrokenPipe = 32;
    private const int ConnectionResetOnLinux = 104;
    private const int ConnectionResetOnMac = 54;

    /// <summary>What a failed write to the output means.</summary>
    public static Exception Explain(IOException fault) =>
        fault.HResult is BrokenPipe or ConnectionResetOnLinux or ConnectionResetOnMac
            ? new OutputClosedException(fault)
            : new OutputFailedException(fault);
}
