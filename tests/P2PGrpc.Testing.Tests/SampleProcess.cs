using System.Collections.Concurrent;
using System.Diagnostics;
using Xunit;

namespace P2PGrpc.Testing.Tests;

/// <summary>A sample that runs as its users run it: as a process of its own. What it prints is kept.</summary>
internal sealed class SampleProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly ConcurrentQueue<string> lines = new();

    private SampleProcess(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, printed) => Keep(printed.Data);
        process.ErrorDataReceived += (_, printed) => Keep(printed.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public static SampleProcess Start(string name, params string[] arguments)
    {
        // Each project has a folder of its own below artifacts/bin, with one for each configuration.
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        var sample = Path.Combine(own.Parent!.Parent!.FullName, name, own.Name, $"{name}.dll");
        return new SampleProcess(Process.Start(new ProcessStartInfo("dotnet", [sample, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);
    }

    /// <summary>The first line that holds a text; null if it has not been printed yet.</summary>
    public string? Find(string text) => lines.FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal));

    public int Count(string text) => lines.Count(line => line.Contains(text, StringComparison.Ordinal));

    /// <summary>Ends it as a service manager does.</summary>
    public async Task StopAsync()
    {
        using var signal = Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public override string ToString() => string.Join('\n', lines);

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is not null)
            lines.Enqueue(line);
    }
}
