using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Grpc.Core;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>What is refused, each with its status or reason and a sentence that helps (A2, A3).</summary>
public sealed class RefusalTests
{
    private const string Send = "p2pgrpc.v1.PeerService/Send";

    [Theory]
    [InlineData("""{"to":"bobb","text":"x"}""", "not_found", "bob")]
    [InlineData("""{"to":"","text":"x"}""", "invalid_argument", "recipient")]
    [InlineData("""{"to":"bob","text":""}""", "invalid_argument", "")]
    [InlineData("""{"to":"bob"}""", "invalid_argument", "")]
    [InlineData("""{"to":"bob","data":"AAAA"}""", "invalid_argument", "content_type")]
    [InlineData("""{"to":"#nowhere","text":"x"}""", "not_found", "room")]
    public async Task A_request_that_can_not_be_carried_out_is_refused_with_a_hint(string request, string code, string hint)
    {
        BufCurl.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var (alice, _) = await StartAliceAloneAsync(nodes);

        var (actual, message) = BufCurl.ReadError(await BufCurl.CallSocketAsync(alice, Send, request));

        Assert.Equal(code, actual);
        Assert.Contains(hint, message, StringComparison.OrdinalIgnoreCase);
        Assert.Matches("[.?]$", message);
    }

    [Fact]
    public async Task A_call_over_TCP_without_the_token_or_with_a_wrong_one_is_refused()
    {
        BufCurl.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var (alice, _) = await StartAliceAloneAsync(nodes);

        foreach (var token in new[] { null, "wrong", alice.Token + "x" })
        {
            // With the schema given, no reflection call comes first: the refusal is that of Send itself.
            string[] header = token is null ? [] : ["-H", $"authorization: Bearer {token}"];
            var result = await Command.RunAsync(Checkout.Buf,
                ["curl", "--http2-prior-knowledge", "--protocol", "grpc", "--schema", Checkout.Protos, .. header,
                    "-d", """{"to":"self","text":"x"}""", $"{alice.ApiAddress}/{Send}"]);
            var (code, message) = BufCurl.ReadError(result);
            Assert.Equal("unauthenticated", code);
            Assert.Contains("api.token", message, StringComparison.Ordinal);
        }
        Assert.Empty((await alice.Client.ReadAllAsync(includeOwn: true)).Messages);
    }

    [Fact]
    public async Task A_message_that_is_too_large_is_refused_and_the_largest_is_not()
    {
        await using var nodes = new Neighbourhood();
        var (alice, _) = await StartAliceAloneAsync(nodes);

        await alice.Client.SendAsync("self", new string('x', 128 * 1024));
        var refused = await Assert.ThrowsAsync<RpcException>(() => alice.Client.SendAsync("self", new string('x', (128 * 1024) + 1)));
        var huge = await Assert.ThrowsAsync<RpcException>(() => alice.Client.SendAsync("self", new string('x', 8 * 1024 * 1024)));

        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Contains("131072", refused.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(StatusCode.ResourceExhausted, huge.StatusCode);
    }

    [Fact]
    public async Task Errors_carry_details_that_programs_can_read()
    {
        await using var nodes = new Neighbourhood();
        var (alice, _) = await StartAliceAloneAsync(nodes);

        var unknown = await Assert.ThrowsAsync<RpcException>(() => alice.Client.SendAsync("bobb", "x"));
        var bad = await Assert.ThrowsAsync<RpcException>(() => alice.Client.SendAsync(new SendRequest { To = "bob", Data = ByteString.CopyFromUtf8("x") }));

        Assert.NotEmpty(unknown.GetRpcStatus()!.GetDetail<Google.Rpc.ErrorInfo>()!.Reason);
        Assert.Equal("bobb", unknown.GetRpcStatus()!.GetDetail<Google.Rpc.ResourceInfo>()!.ResourceName);
        Assert.NotEmpty(bad.GetRpcStatus()!.GetDetail<Google.Rpc.ErrorInfo>()!.Reason);
        Assert.Equal("content_type", Assert.Single(bad.GetRpcStatus()!.GetDetail<Google.Rpc.BadRequest>()!.FieldViolations).Field);
    }

    [Fact]
    public async Task A_stranger_that_knocks_is_shown_to_the_owner_and_comes_in_when_accepted()
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        var bob = nodes.Add("bob");
        bob.Peers.Add($"alice={alice.ListenAddress}");
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        var bobId = await bob.Client.GetPeerIdAsync();

        await Eventually.HoldsAsync("alice is shown bob's knock",
            async () => (await alice.Client.ListPeersAsync()).Any(peer => peer.PeerId == bobId && peer.Admission == Admission.Knocking));
        await Eventually.HoldsAsync("alice's owner is told what to type",
            () => Task.FromResult(alice.Output.Contains("peers accept", StringComparison.Ordinal)));
        await Eventually.HoldsAsync("bob is told why no link comes up",
            async () => Assert.Single(await bob.Client.ListPeersAsync()).LastError.Contains("peers accept", StringComparison.Ordinal));
        Assert.NotEqual(LinkState.Up, Assert.Single(await bob.Client.ListPeersAsync()).Link);
        await bob.Client.SendAsync("alice", "let me in");
        Assert.Empty((await alice.Client.ReadAllAsync()).Messages);

        await alice.Client.Node.AcceptPeerAsync(new AcceptPeerRequest { Peer = bobId, Alias = "bob" });

        var read = await alice.Client.ReadAsync(new SubscribeRequest { StartAt = StartAt.Start }, 1, TimeSpan.FromSeconds(40));
        Assert.Equal("let me in", Assert.Single(read.Texts));
    }

    [Fact]
    public async Task A_pinned_peer_whose_key_changed_is_refused_loudly_and_gets_nothing()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        var before = await bob.Client.GetPeerIdAsync();
        await bob.StopAsync();
        Directory.Delete(bob.DataDirectory, recursive: true);
        await alice.Client.SendAsync("bob", "for the bob that I know");

        await bob.StartAsync();

        await Eventually.HoldsAsync("alice says that bob's identity changed", async () =>
            (await alice.Client.ListPeersAsync()).Any(peer =>
                peer.Alias == "bob" && peer.LastError.Contains("identity", StringComparison.OrdinalIgnoreCase)));
        Assert.NotEqual(before, await bob.Client.GetPeerIdAsync());
        Assert.False(await alice.Client.IsLinkedAsync("bob"));
        Assert.Empty((await bob.Client.ReadAllAsync()).Messages);
        Assert.Contains("identity", alice.Output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_second_process_on_the_same_directory_is_refused()
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        await alice.StartAsync();
        await using var second = new NodeProcess("second", alice.DataDirectory);

        await RefusesToStartAsync(second, alice.DataDirectory);
        await alice.Client.GetPeerIdAsync();
    }

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        using (var taken = new TcpListener(IPAddress.Loopback, alice.ListenPort))
        {
            taken.Start();
            await RefusesToStartAsync(alice, $"{alice.ListenPort}");
        }
        var bob = nodes.Add("bob");
        using var takenApi = new TcpListener(IPAddress.Loopback, bob.ApiPort);
        takenApi.Start();
        await RefusesToStartAsync(bob, $"{bob.ApiPort}");
    }

    [Fact]
    public async Task A_key_file_or_directory_that_others_can_read_is_refused()
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        await alice.StartAsync();
        await alice.StopAsync();
        var key = Path.Combine(alice.DataDirectory, "identity.key");
        var privately = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        SetMode(key, privately | UnixFileMode.GroupRead);
        await RefusesToStartAsync(alice, "chmod");

        SetMode(key, privately);
        SetMode(alice.DataDirectory, privately | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        await RefusesToStartAsync(alice, "chmod");

        SetMode(alice.DataDirectory, privately | UnixFileMode.UserExecute);
        await alice.StartAsync();
    }

    [Fact]
    public async Task A_directory_where_the_socket_belongs_is_named()
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        MakeDirectory(alice.DataDirectory);
        Directory.CreateDirectory(alice.SocketPath);

        await RefusesToStartAsync(alice, $"{alice.SocketPath} is a directory");
        var asked = await Command.P2PGrpcAsync("id", "--data", alice.DataDirectory);
        Assert.Equal(3, asked.ExitCode);
        Assert.Contains($"{alice.SocketPath} is a directory", asked.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lock")]
    [InlineData("identity.key")]
    [InlineData("api.token")]
    [InlineData("api.address")]
    [InlineData("p2pgrpc.db")]
    [InlineData("p2pgrpc.db-wal")]
    public async Task A_directory_in_the_place_of_a_file_is_named(string name)
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        MakeDirectory(alice.DataDirectory);
        var path = Path.Combine(alice.DataDirectory, name);
        Directory.CreateDirectory(path);

        await SaysAsync(alice, $"p2pgrpc: {path} is a directory, where a file of the node belongs. .* --data\\.");
    }

    [Fact]
    public async Task A_data_directory_that_can_be_none_is_named()
    {
        await using var nodes = new Neighbourhood();
        var file = Path.Combine(nodes.Folder, "file");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
        foreach (var (path, words) in new[]
        {
            (file, $"{file} is a file, where the node's data directory belongs"),
            (Path.Combine(file, "below"), $"{file} is a file"),
            ("/proc/foo", "no files can be kept"),
            ("/proc/self", "no files can be kept"),
        })
        {
            var result = await Command.P2PGrpcAsync("run", "--listen", "127.0.0.1:0", "--data", path);
            Assert.Equal(1, result.ExitCode);
            Assert.Matches($"^p2pgrpc: .*{words}.* --data\\.\n$", result.Error);
        }

        var asked = await Command.P2PGrpcAsync("id", "--data", file);
        Assert.Equal(3, asked.ExitCode);
        Assert.Equal($"p2pgrpc: {file} is a file, where the data directory of a node is expected.\n", asked.Error);
    }

    [Fact]
    public async Task What_another_user_may_not_read_or_write_is_named()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/setpriv") && Environment.UserName == "root", "Only root can act as another user, by setpriv of util-linux.");
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        alice.Wrapper = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", $"HOME={nodes.Folder}"];
        await Command.RunAsync("chown", ["65534:65534", nodes.Folder]);
        await alice.StartAsync();
        await alice.StopAsync();

        await Command.RunAsync("chmod", ["500", alice.DataDirectory]);
        await SaysAsync(alice, $"p2pgrpc: This user may not read and write the directory {alice.DataDirectory} \\(mode 500\\): .*chmod 700.* --data\\.");
        await Command.RunAsync("chmod", ["700", alice.DataDirectory]);
        foreach (var name in new[] { "lock", "identity.key", "api.token", "p2pgrpc.db" })
        {
            var path = Path.Combine(alice.DataDirectory, name);
            await Command.RunAsync("chown", ["root", path]);
            await SaysAsync(alice, $"p2pgrpc: This user may not read .*{path}\\. Start the node as the user .*\\.");
            await Command.RunAsync("chown", ["65534", path]);
        }

        var token = Path.Combine(alice.DataDirectory, "api.token");
        await Command.RunAsync("chmod", ["000", token]);
        foreach (var place in new string[][] { ["--data", alice.DataDirectory], ["--api", $"127.0.0.1:{alice.ApiPort}", "--token-file", token] })
        {
            var asked = await Command.RunAsync(alice.Wrapper[0], [.. alice.Wrapper.Skip(1), Checkout.Program, "id", .. place]);
            Assert.Equal(1, asked.ExitCode);
            Assert.Equal($"p2pgrpc: The token file {token} can't be read: this user may not read it. Run this as the user that it belongs to.\n", asked.Error);
        }
    }

    [Fact]
    public async Task A_database_without_its_key_is_refused_until_one_of_them_is_put_right()
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        await alice.StartAsync();
        var id = await alice.Client.GetPeerIdAsync();
        await alice.StopAsync();
        var key = Path.Combine(alice.DataDirectory, "identity.key");
        File.Move(key, key + ".away");

        await RefusesToStartAsync(alice, "Put back " + key);
        Assert.False(File.Exists(key));

        File.Move(key + ".away", key);
        await alice.StartAsync();
        Assert.Equal(id, await alice.Client.GetPeerIdAsync());
        Assert.DoesNotContain("it begins empty", alice.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_key_without_its_database_starts_and_says_that_it_begins_empty(bool leavesEmptyFile)
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        await alice.StartAsync();
        var id = await alice.Client.GetPeerIdAsync();
        await alice.StopAsync();
        foreach (var file in Directory.EnumerateFiles(alice.DataDirectory, "p2pgrpc.db*")) File.Delete(file);
        if (leavesEmptyFile) await File.WriteAllBytesAsync(alice.DatabasePath, [], TestContext.Current.CancellationToken);

        await alice.StartAsync();

        Assert.Equal(id, await alice.Client.GetPeerIdAsync());
        await Eventually.HoldsAsync("the owner is told in the log and on the screen", () => Task.FromResult(
            alice.Output.Contains("[1013]", StringComparison.Ordinal) && alice.Output.Contains("DATABASE_MISSING", StringComparison.Ordinal)));
        await alice.Client.SendAsync("self", "works");
    }

    [Fact]
    public async Task An_API_beyond_loopback_without_TLS_is_refused()
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");

        var result = await Command.P2PGrpcAsync(
            "run", "--listen", alice.ListenAddress, "--api", $"0.0.0.0:{alice.ApiPort}", "--data", alice.DataDirectory);

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("TLS", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    private static async Task<(NodeProcess Alice, NodeProcess Bob)> StartAliceAloneAsync(Neighbourhood nodes)
    {
        var (alice, bob) = nodes.AddPair();
        await alice.StartAsync();
        return (alice, bob);
    }

    // Refused means: a bad exit code and a sentence that names the cause, not a stack trace.
    private static async Task RefusesToStartAsync(NodeProcess node, string named)
    {
        Assert.NotEqual(0, await node.StartAndExpectRefusalAsync());
        Assert.Contains(named, node.Output, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("   at ", node.Output, StringComparison.Ordinal);
    }

    // What the process says at its end is one line.
    private static async Task SaysAsync(NodeProcess node, string pattern)
    {
        var before = node.Output.Length;
        Assert.Equal(1, await node.StartAndExpectRefusalAsync());
        Assert.Matches($"^{pattern}\n$", node.Output[before..]);
    }

    private static void MakeDirectory(string path)
    {
        if (!OperatingSystem.IsWindows()) Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, mode);
    }
}
