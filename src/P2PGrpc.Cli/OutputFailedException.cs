using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Cli;

/// <summary>The program's output could not be written, though somebody wants it: the disk that it goes to is full, or the like.</summary>
internal sealed class OutputFailedException(Exception inner) : Exception($"The output can't be written: {DisplayText.Sentence(inner.GetBaseException().Message)}", inner)
{
    // The system's numbers, which .NET passes on as they are: EPIPE everywhere, ECONNRESET on Linux and on macOS.
    private const int BrokenPipe = 32;
    private const int ConnectionResetOnLinux = 104;
    private const int ConnectionResetOnMac = 54;

    /// <summary>Whether this is how a write to the output fails: .NET calls a descriptor that can't be written to a denied access.</summary>
    public static bool Covers(Exception fault) => fault is IOException or UnauthorizedAccessException;

    /// <summary>What a failed write to the output means.</summary>
    public static Exception Explain(Exception fault) =>
        fault.HResult is BrokenPipe or ConnectionResetOnLinux or ConnectionResetOnMac
            ? new OutputClosedException(fault)
            : new OutputFailedException(fault);
}
