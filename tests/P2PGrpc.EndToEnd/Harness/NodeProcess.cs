using System.Diagnostics;
using System.Text;
using P2PGrpc.Protocol;

namespace P2PGrpc.EndToEnd.Harness;

/// <summary>
/// One node of a test: a name, a data directory, two ports and a peer list that stay, and the process that runs on them,
/// which a test may kill, stop, freeze and start again. Not for use by several threads, but for the client.
/// </summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private readonly StringBuilder output = new();
    private Process? process;

    public NodeProcess(string name, string dataDirectory)
    {
        Name = name;
        DataDirectory = dataDirectory;
        Client = new NodeClient(SocketPath);
    }

    public string Name { get; }

    public string DataDirectory { get; }

    public int ListenPort { get; } = Ports.Take();

    public int ApiPort { get; } = Ports.Take();

    /// <summary>What follows <c>--peer</c>, one each.</summary>
    public IList<string> Peers { get; } = [];

    /// <summary>More options of <c>p2pgrpc run</c>.</summary>
    public IList<string> Options { get; } = [];

    /// <summary>The program itself; the one that the build makes unless another is named.</summary>
    public string Program { get; init; } = Checkout.Program;

    /// <summary>What the program is run under, if anything: its name and arguments. It must put the program in its own place, so that signals reach it.</summary>
    public IReadOnlyList<string> Wrapper { get; set; } = [];

    /// <summary>The address that the node listens on for peers.</summary>
    public string Host { get; set; } = "127.0.0.1";

    /// <summary>The address that the node listens on for clients.</summary>
    public string ApiHost { get; set; } = "127.0.0.1";

    /// <summary>Calls over the Unix socket; outlives restarts of the process.</summary>
    public NodeClient Client { get; }

    public string ListenAddress => $"{Host}:{ListenPort}";

    public string ApiAddress => $"http://127.0.0.1:{ApiPort}";

    public string SocketPath => Path.Combine(DataDirectory, "api.sock");

    public string Token => File.ReadAllText(Path.Combine(DataDirectory, "api.token")).Trim();

    public int ProcessId => process?.Id ?? throw new InvalidOperationException($"{Name} does not run.");

    public bool Runs => process is { HasExited: false };

    public string DatabasePath => Path.Combine(DataDirectory, "p2pgrpc.db");

    /// <summary>All that the node's processes wrote, both streams.</summary>
    public string Output
    {
        get
        {
            lock (output) return output.ToString();
        }
    }

    /// <summary>Starts a process and waits until it answers.</summary>
    public async Task StartAsync()
    {
        Launch();
        await WaitUntilReadyAsync();
    }

    /// <summary>Starts a process and waits for its end: for starts that must be refused.</summary>
    public async Task<int> StartAndExpectRefusalAsync()
    {
        Launch();
        return await WaitForExitAsync(Eventually.Generous);
    }

    public async Task WaitUntilReadyAsync()
    {
        await Eventually.HoldsAsync($"{Name} answers", async () =>
        {
            if (!Runs) throw new ProcessEndedException($"{Name} ended instead of answering:\n{Output}");
            if (!File.Exists(SocketPath)) return false;
            await Client.Node.GetNodeAsync(new GetNodeRequest(), deadline: NodeClient.In(TimeSpan.FromSeconds(2)));
            return true;
        });
    }

    /// <summary>kill -9, and waits until the system has taken the process away.</summary>
    public async Task KillAsync()
    {
        if (!Runs) return;
        Signals.Send(ProcessId, Signals.Kill);
        await WaitForExitAsync(Eventually.Generous);
    }

    /// <summary>Waits until the process ends by itself, or by what it runs under.</summary>
    public Task WaitUntilEndedAsync() => WaitForExitAsync(Eventually.Generous);

    /// <summary>SIGTERM. Gives the exit code and how long the process took to leave.</summary>
    public async Task<(int ExitCode, TimeSpan Took)> StopAsync()
    {
        var started = TimeProvider.System.GetTimestamp();
        Signals.Send(ProcessId, Signals.Terminate);
        var code = await WaitForExitAsync(Eventually.Generous);
        return (code, TimeProvider.System.GetElapsedTime(started));
    }

    public void Freeze() => Signals.Send(ProcessId, Signals.Stop);

    public void Thaw() => Signals.Send(ProcessId, Signals.Continue);

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        process?.Dispose();
        Client.Dispose();
    }

    private void Launch()
    {
        if (Runs) throw new InvalidOperationException($"{Name} runs already.");
        process?.Dispose();
        string[] command = [.. Wrapper, Program];
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = Path.GetDirectoryName(DataDirectory)!,
        };
        string[] fixedArguments =
            [.. command[1..], "run", "--name", Name, "--listen", ListenAddress, "--api", $"{ApiHost}:{ApiPort}", "--data", DataDirectory];
        foreach (var argument in fixedArguments.Concat(Peers.SelectMany(peer => new[] { "--peer", peer })).Concat(Options))
            start.ArgumentList.Add(argument);
        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (output) output.Append(line).Append('\n');
    }

    private async Task<int> WaitForExitAsync(TimeSpan limit)
    {
        using var expiry = new CancellationTokenSource(limit, TimeProvider.System);
        try
        {
            await process!.WaitForExitAsync(expiry.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{Name} did not end within {limit}:\n{Output}");
        }
        return process.ExitCode;
    }
}
