using System.Text.Json;
using Xunit;

namespace P2PGrpc.EndToEnd.Harness;

/// <summary><c>buf curl</c>: knows nothing but what the node's reflection says.</summary>
internal static class BufCurl
{
    public static void SkipIfMissing() => Assert.SkipUnless(File.Exists(Checkout.Buf), "buf is missing: make setup installs it with npm.");

    /// <summary>Calls over TCP, cleartext HTTP/2.</summary>
    public static Task<CommandResult> CallAsync(NodeProcess node, string method, string json, string? token = null)
    {
        string[] authorization = token is null ? [] : ["-H", $"authorization: Bearer {token}", "--reflect-header", $"authorization: Bearer {token}"];
        return Command.RunAsync(
            Checkout.Buf,
            ["curl", "--http2-prior-knowledge", "--protocol", "grpc", .. authorization, "-d", json, $"{node.ApiAddress}/{method}"],
            folder: Path.GetTempPath());
    }

    /// <summary>Calls over the Unix socket, without a token.</summary>
    public static Task<CommandResult> CallSocketAsync(NodeProcess node, string method, string json) => Command.RunAsync(
        Checkout.Buf,
        ["curl", "--http2-prior-knowledge", "--protocol", "grpc", "--unix-socket", node.SocketPath, "-d", json, $"http://localhost/{method}"],
        folder: Path.GetTempPath());

    /// <summary>The code and message of a call that was refused.</summary>
    public static (string Code, string Message) ReadError(CommandResult result)
    {
        Assert.NotEqual(0, result.ExitCode);
        var start = result.Error.IndexOf('{', StringComparison.Ordinal);
        Assert.True(start >= 0, result.ToString());
        using var error = JsonDocument.Parse(result.Error[start..]);
        return (error.RootElement.GetProperty("code").GetString()!, error.RootElement.GetProperty("message").GetString()!);
    }
}

/// <summary>Debian's grpcio, with stubs generated from the protos.</summary>
internal sealed class PythonClient : IDisposable
{
    private const string Python = "/usr/bin/python3";
    private const string Plugin = "/usr/bin/grpc_python_plugin";
    private const string Compiler = "/usr/bin/protoc";

    private readonly string stubs = Directory.CreateTempSubdirectory("p2pgrpc-stubs-").FullName;

    private PythonClient()
    {
    }

    /// <summary>Generates the stubs; skips the test where Python's gRPC is not installed.</summary>
    public static async Task<PythonClient> PrepareAsync()
    {
        var missing = new[] { Python, Plugin, Compiler }.FirstOrDefault(path => !File.Exists(path));
        Assert.SkipWhen(missing is not null, $"{missing} is missing: make setup installs it as root.");
        var grpc = await Command.RunAsync(Python, ["-c", "import grpc, google.protobuf"]);
        Assert.SkipUnless(grpc.ExitCode == 0, "python3-grpcio is missing: make setup installs it as root.");
        var client = new PythonClient();
        var protos = Directory.EnumerateFiles(Checkout.Protos, "*.proto", SearchOption.AllDirectories).Order(StringComparer.Ordinal);
        var generated = await Command.RunAsync(Compiler,
            [$"--proto_path={Checkout.Protos}", $"--proto_path={Checkout.Interop}", $"--python_out={client.stubs}", $"--grpc_python_out={client.stubs}",
                $"--plugin=protoc-gen-grpc_python={Plugin}", .. protos, Path.Combine(Checkout.Interop, "google_rpc.proto")]);
        Assert.True(generated.ExitCode == 0, generated.ToString());
        return client;
    }

    public Task<CommandResult> RunAsync(NodeProcess node, params string[] arguments) => Command.RunAsync(
        Python, [Path.Combine(Checkout.Interop, "client.py"), stubs, $"127.0.0.1:{node.ApiPort}", node.Token, .. arguments]);

    /// <summary>Runs another program, which finds the stubs.</summary>
    public Task<CommandResult> RunProgramAsync(string program, params string[] arguments) =>
        Command.RunAsync("env", [$"PYTHONPATH={stubs}", Python, program, .. arguments]);

    public void Dispose() => Directory.Delete(stubs, recursive: true);
}

/// <summary>Node.js with @grpc/grpc-js, which reads the protos at run time.</summary>
internal static class NodeJsClient
{
    private static readonly string Packages = Path.Combine(Checkout.Root, "node_modules");

    public static Task<CommandResult> RunAsync(NodeProcess node, params string[] arguments) =>
        RunProgramAsync(Path.Combine(Checkout.Interop, "client.js"), [Checkout.Protos, $"127.0.0.1:{node.ApiPort}", node.Token, .. arguments]);

    /// <summary>Runs another program, which finds the packages.</summary>
    public static async Task<CommandResult> RunProgramAsync(string program, params string[] arguments)
    {
        Assert.SkipUnless(Directory.Exists(Path.Combine(Packages, "@grpc", "grpc-js")), "@grpc/grpc-js is missing: make setup installs it.");
        return await Command.RunAsync("env", [$"NODE_PATH={Packages}", "node", program, .. arguments]);
    }
}
