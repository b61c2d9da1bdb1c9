namespace P2PGrpc.Benchmarks.Measuring;

/// <summary>The running processes of one contender. Ends them in the reverse order of their start.</summary>
internal sealed class Setup : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> parts = new();
    private WorkerProcess? driver;
    private WorkerProcess? counter;

    public Setup() => Folder = Directory.CreateTempSubdirectory("p2pgrpc-bench-").FullName;

    /// <summary>Where its data is, gone at the end.</summary>
    public string Folder { get; }

    public List<int> ProcessIds { get; } = [];

    /// <summary>Who makes the load.</summary>
    public WorkerProcess Driver
    {
        get => driver ?? throw new InvalidOperationException("There is no driver.");
        set => driver = value;
    }

    /// <summary>Who counts what arrives. The driver where nothing else does.</summary>
    public WorkerProcess Counter
    {
        get => counter ?? Driver;
        set => counter = value;
    }

    public string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>Starts a worker in this role; it is one of the processes that are measured.</summary>
    public async Task<WorkerProcess> AddAsync(params object[] role) => Track(await WorkerProcess.StartAsync(role));

    public WorkerProcess Track(WorkerProcess worker)
    {
        ProcessIds.Add(worker.ProcessId);
        parts.Push(worker);
        return worker;
    }

    /// <summary>Keeps something that ends with the contender.</summary>
    public T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        parts.Push(part);
        return part;
    }

    public async ValueTask DisposeAsync()
    {
        while (parts.TryPop(out var part)) await part.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
