namespace P2PGrpc.Cli;

/// <summary>What SIGHUP means to the command that runs: to 'run' without a terminal that its options are to be read anew, to all others that the terminal is gone.
/// Thread-safe.</summary>
internal sealed class HangupSignal
{
    private Action? handler;

    /// <summary>From now on the signal does this, on a thread that must not be kept, and ends nothing.</summary>
    public void Handle(Action action) => Volatile.Write(ref handler, action);

    /// <summary>False if it means the end.</summary>
    public bool TryHandle()
    {
        if (Volatile.Read(ref handler) is not { } action)
            return false;
        action();
        return true;
    }
}
