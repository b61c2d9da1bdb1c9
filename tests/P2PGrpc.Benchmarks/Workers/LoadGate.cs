namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Whether a driver may make load now. All start closed, so that processes of one measurement can wait while another is measured. Thread-safe.</summary>
internal sealed class LoadGate
{
    private TaskCompletionSource opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsOpen => Volatile.Read(ref opened).Task.IsCompleted;

    public Task WaitAsync() => Volatile.Read(ref opened).Task;

    public void Open() => opened.TrySetResult();

    public void Close()
    {
        if (IsOpen)
            Volatile.Write(ref opened, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
    }
}
