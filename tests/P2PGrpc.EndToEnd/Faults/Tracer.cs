using System.Diagnostics;
using System.Security.Cryptography;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>strace around a node: it records system calls, and makes chosen ones fail, wait, or kill the process. Numbers of calls (<c>when=</c>)
/// are counted by thread and by kind of call. On disposal the node goes on without it.</summary>
internal sealed class Tracer : IAsyncDisposable
{
    private const string Program = "/usr/bin/strace";
    private readonly Process process;
    private readonly Task<string> error;
    private readonly string file;

    private Tracer(Process process, Task<string> error, string file)
    {
        this.process = process;
        this.error = error;
        this.file = file;
    }

    public static void SkipIfMissing() => Assert.SkipUnless(File.Exists(Program), "strace is missing: make setup installs it as root.");

    /// <summary>What a node is run under so that it meets the fault from its first step on.</summary>
    /// <param name="folder">Where the record goes.</param>
    /// <param name="inject">The fault, as strace words it: <c>fsync:signal=SIGKILL:when=3</c>.</param>
    /// <param name="path">The only file that counts, if not all do.</param>
    public static IReadOnlyList<string> Wrap(string folder, string inject, string? path = null) =>
        [Program, "-D", "-f", "-o", Path.Combine(folder, "start.trace"), .. Select(inject, path)];

    /// <summary>Attaches to a node that runs.</summary>
    /// <param name="node">The node.</param>
    /// <param name="expression">Which calls are recorded, if no fault is wanted; or the fault.</param>
    /// <param name="path">The only file that counts, if not all do.</param>
    public static async Task<Tracer> AttachAsync(NodeProcess node, string expression, string? path = null)
    {
        var file = Path.Combine(Path.GetDirectoryName(node.DataDirectory)!, $"{node.Name}.{RandomNumberGenerator.GetHexString(8)}.trace");
        string[] arguments = ["-f", "-yy", "-s", "4200", "-o", file, "-p", $"{node.ProcessId}", .. Select(expression, path)];
        var process = Process.Start(new ProcessStartInfo(Program, arguments) { RedirectStandardError = true })!;
        var attached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var tracer = new Tracer(process, ReadAsync(process.StandardError, attached), file);
        await Task.WhenAny(attached.Task, tracer.error).WaitAsync(Eventually.Generous, TimeProvider.System);
        Assert.True(attached.Task.IsCompleted, "strace could not attach.");
        return tracer;
    }

    /// <summary>Lets the node go, and gives the lines of the record.</summary>
    public async Task<IReadOnlyList<string>> DetachAsync()
    {
        await DisposeAsync();
        return await File.ReadAllLinesAsync(file);
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) Signals.Send(process.Id, Signals.Interrupt);
        await process.WaitForExitAsync();
        await error;
    }

    private static string[] Select(string expression, string? path)
    {
        var calls = expression.Split(':')[0];
        string[] fault = calls == expression ? [] : ["-e", $"inject={expression}"];
        return ["-e", $"trace={calls}", .. fault, .. path is null ? Array.Empty<string>() : ["-P", path]];
    }

    private static async Task<string> ReadAsync(StreamReader reader, TaskCompletionSource attached)
    {
        var all = "";
        while (await reader.ReadLineAsync() is { } line)
        {
            all += line + "\n";
            if (line.Contains("attached", StringComparison.Ordinal)) attached.TrySetResult();
        }
        return all;
    }
}
