using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace P2PGrpc.Benchmarks.Measuring;

/// <summary>A process that takes commands on its input, a line each, and answers with a line. Not for use by several threads.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Process process;
    private readonly StringBuilder errors = new();
    private readonly string name;

    private WorkerProcess(string name, Process process)
    {
        this.name = name;
        this.process = process;
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null) return;
            lock (errors) errors.AppendLine(line.Data);
        };
        process.BeginErrorReadLine();
    }

    public int ProcessId => process.Id;

    /// <summary>Starts this program in one of its roles and waits until it is ready.</summary>
    public static Task<WorkerProcess> StartAsync(params object[] role) => StartProgramAsync(
        "dotnet", [typeof(WorkerProcess).Assembly.Location, "worker", .. role.Select(word => Convert.ToString(word, CultureInfo.InvariantCulture)!)]);

    /// <summary>Starts a program that speaks like a worker and waits until it is ready.</summary>
    public static async Task<WorkerProcess> StartProgramAsync(string file, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        var worker = new WorkerProcess(
            string.Join(' ', start.ArgumentList.Skip(1)), Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start"));
        try
        {
            var line = await worker.ReadAsync();
            return line == "ready" ? worker : throw new InvalidOperationException($"{worker.name}: {line}");
        }
        catch
        {
            await worker.DisposeAsync();
            throw;
        }
    }

    public async Task<string> AskAsync(string command)
    {
        await process.StandardInput.WriteLineAsync(command);
        await process.StandardInput.FlushAsync();
        return await ReadAsync();
    }

    public async Task<long> AskTotalAsync() => long.Parse(await AskAsync("total"), CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        try
        {
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }
        using (var expiry = new CancellationTokenSource(TimeSpan.FromSeconds(3), TimeProvider.System))
            await process.WaitForExitAsync(expiry.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
        process.Dispose();
    }

    private async Task<string> ReadAsync()
    {
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience, TimeProvider.System);
        if (line is not null) return line;
        await process.WaitForExitAsync();
        lock (errors) throw new InvalidOperationException($"'{name}' ended: {errors}");
    }
}
