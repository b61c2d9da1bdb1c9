using System.Diagnostics;
using Xunit;

namespace P2PGrpc.Client.Tests.Outbox;

/// <summary>A PostgreSQL that <c>build/postgres.sh</c> starts, and ends with this process or before.</summary>
public sealed class PostgreSqlServer : IAsyncLifetime
{
    private Process process = null!;

    /// <summary>How to connect to it; null where there is none.</summary>
    public string? Database { get; private set; }

    /// <summary>Why there is none.</summary>
    public string Fault { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        process = Process.Start(new ProcessStartInfo(Path.Combine(Checkout.Root, "build", "postgres.sh"))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Database = await process.StandardOutput.ReadLineAsync();
        if (Database is null)
            Fault = await process.StandardError.ReadToEndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
