using System.Text;
using Microsoft.Extensions.Logging;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Node.Tests.Wire;
using Xunit;

namespace P2PGrpc.Node.Tests.Hosting;

public sealed class SocketPathTests
{
    [Fact]
    public async Task A_path_of_too_many_bytes_gives_a_warning_instead_of_a_socket()
    {
        var directory = Directory.CreateTempSubdirectory("p2pgrpc-");
        try
        {
            // Fewer than 107 characters, but more bytes.
            var data = Path.Combine(directory.FullName, new string('ü', 45));
            Assert.InRange(Path.Combine(data, "api.sock").Length, 1, 107);
            Assert.InRange(Encoding.UTF8.GetByteCount(Path.Combine(data, "api.sock")), 108, 200);
            using var recorded = new RecordedLog();
            var options = new NodeOptions { DataDirectory = data, Listen = "127.0.0.1:0", Api = "off" };

            await using var node = await NodeRuntime.StartAsync(
                NodeSettings.From(options), TimeProvider.System, recorded, TestContext.Current.CancellationToken);

            Assert.Contains(recorded.Lines, line => line.Level == LogLevel.Warning && line.Line.Contains("Unix socket", StringComparison.Ordinal));
            Assert.False(File.Exists(Path.Combine(data, "api.sock")));
            Assert.False(File.Exists(Path.Combine(data, "api.address")));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
