using System.Diagnostics;

namespace P2PGrpc.EndToEnd.Harness;

/// <summary>What a command that has ended wrote.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    public override string ToString() => $"exit {ExitCode}\n{Output}\n{Error}";
}

/// <summary>Runs a command to its end.</summary>
internal static class Command
{
    public static async Task<CommandResult> RunAsync(
        string file, IEnumerable<string> arguments, TimeSpan? limit = null, string input = "", string? folder = null)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = folder ?? Checkout.Root,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start.");
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var expiry = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(30), TimeProvider.System);
        try
        {
            await process.WaitForExitAsync(expiry.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{file} {string.Join(' ', start.ArgumentList)} did not end.\n{await output}\n{await error}");
        }
        return new CommandResult(process.ExitCode, await output, await error);
    }

    /// <summary>Runs the program under test: <c>p2pgrpc</c> with these arguments.</summary>
    public static Task<CommandResult> P2PGrpcAsync(params string[] arguments) => RunAsync(Checkout.Program, arguments);
}
