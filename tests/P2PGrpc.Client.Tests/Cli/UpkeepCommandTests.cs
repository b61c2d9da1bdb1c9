using P2PGrpc.Cli;
using P2PGrpc.Client.Tests.Fakes;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

/// <summary>The commands for whoever keeps a node running: what they write, and with which code they end.</summary>
public sealed class UpkeepCommandTests
{
    [Fact]
    public async Task Doctor_ends_with_a_failure_if_something_is_an_error()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Failure, await terminal.RunAtAsync(node, "doctor"));
        Assert.Equal("ok       disk         5 GiB are free.", terminal.Lines[1]);
        Assert.EndsWith("→ See whether it runs.", terminal.Lines[2]);
        Assert.Equal("1 error, 0 warnings.", terminal.Lines[^1]);
        Assert.DoesNotContain(terminal.Output, letter => letter != '\n' && (char.IsControl(letter) || letter == '\u202e'));
        var json = new Terminal();
        Assert.Equal(ExitCodes.Failure, await json.RunAtAsync(node, "doctor", "--json"));
        Assert.Equal("""{"type":"finding","check":"disk","severity":"ok","detail":"5 GiB are free.","advice":""}""", json.Lines[1]);
    }

    [Fact]
    public async Task Doctor_looks_at_the_files_where_no_node_answers()
    {
        using var folder = new TemporaryFolder();
        var terminal = new Terminal();
        // A port that nobody may take: what a start would meet is told, and it is an error.
        Assert.Equal(ExitCodes.Failure, await terminal.RunAsync("doctor", "--data", folder.Path, "--listen", "192.0.2.1:5555"));
        Assert.Contains("It does not run", terminal.Lines[0]);
        Assert.Contains(terminal.Lines, line => line.StartsWith("ERROR    listen", StringComparison.Ordinal));
        Assert.Contains(terminal.Lines, line => line.StartsWith("ok       clock", StringComparison.Ordinal));
        Assert.Equal(ExitCodes.Usage, await new Terminal().RunAsync("doctor", "--data", folder.Path, "--listen", "5555"));
    }

    [Fact]
    public async Task Explain_says_what_is_known_and_nothing_that_a_terminal_obeys()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "explain", "log/4"));
        Assert.Contains("here          on disk, whole: position 7, in a segment of 2 that begins at sequence 3", terminal.Lines);
        Assert.Contains("bob           has not acknowledged it; not linked; tried 4s ago, next in 1s: evil", terminal.Lines[^1]);
        Assert.DoesNotContain(terminal.Output, letter => letter != '\n' && (char.IsControl(letter) || letter == '\u202e'));
        var json = new Terminal();
        await json.RunAtAsync(node, "explain", "log/4", "--json");
        Assert.Contains("\"acknowledgement\":\"notGiven\",\"holdsThrough\":0,\"linked\":false", json.Lines.Single());
        Assert.Contains("\"failures\":3,\"triedBeforeMs\":4000,\"nextInMs\":1500}", json.Lines.Single());
    }

    [Fact]
    public async Task Drain_says_what_is_left_by_its_exit_code()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.NotDelivered, await terminal.RunAtAsync(node, "drain", "--wait", "2s"));
        Assert.Equal("bob: 2 not delivered, not linked", terminal.Lines[0]);
        Assert.Equal(ExitCodes.Success, await new Terminal().RunAtAsync(node, "drain", "--wait", "1s"));
        var off = new Terminal();
        Assert.Equal(ExitCodes.Success, await off.RunAtAsync(node, "drain", "--off"));
        Assert.Equal("The node takes messages again.", off.Lines.Single());
        Assert.Equal(ExitCodes.Usage, await new Terminal().RunAtAsync(node, "drain", "--off", "--stop"));
        var json = new Terminal();
        await json.RunAtAsync(node, "drain", "--stop", "--wait", "1s", "--json");
        Assert.Equal(
            """{"type":"drain","draining":true,"undelivered":0,"underWay":0,"stopping":true,"peers":[{"peerId":"bob-id","alias":"bob","undelivered":2,"linked":false}],"rooms":[]}""", json.Lines.Single());
    }

    [Fact]
    public async Task Reload_says_what_is_in_force_and_what_is_not()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "reload"));
        Assert.Equal(["applied: the peer bob is known", "needs a restart: listen, name"], terminal.Lines);
        var json = new Terminal();
        await json.RunAtAsync(node, "reload", "--json");
        Assert.Equal("""{"type":"reload","applied":["the peer bob is known"],"needsRestart":["listen","name"],"hints":[]}""", json.Lines.Single());
    }

    [Fact]
    public async Task Backup_names_what_the_node_has_made()
    {
        await using var node = await FakeNode.StartAsync();
        using var folder = new TemporaryFolder();
        var relative = Path.GetRelativePath(Directory.GetCurrentDirectory(), Path.Combine(folder.Path, "one"));
        var terminal = new Terminal { Colors = true };
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "backup", relative));
        Assert.Contains($"{Path.Combine(folder.Path, "one")}: 7 messages, 1 MiB", terminal.Output);
        Assert.Contains("copied 50 %", terminal.Error);
        var json = new Terminal();
        await json.RunAtAsync(node, "backup", Path.Combine(folder.Path, "two"), "--with-key", "--json");
        Assert.Contains($"\"directory\":\"{Path.Combine(folder.Path, "two")}\",\"peerId\":\"alice-id\",\"position\":7,\"databaseBytes\":1048576,\"sha256\":\"ab\",\"withKey\":true", json.Lines.Single());
    }

    [Fact]
    public async Task A_backup_that_a_node_of_this_machine_has_made_where_it_cannot_be_seen_is_none()
    {
        await using var node = await FakeNode.StartAsync();
        node.Node.MakesBackups = false;
        using var folder = new TemporaryFolder();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Failure, await terminal.RunAtAsync(node, "backup", Path.Combine(folder.Path, "one")));
        Assert.Contains($"there is none at {Path.Combine(folder.Path, "one")} here", terminal.Error);
        // Elsewhere nobody can look.
        Assert.Equal(ExitCodes.Success, await new Terminal().RunAsync("backup", "/somewhere", "--api", node.Address, "--token-file", node.TokenFile));
        var relative = new Terminal();
        Assert.Equal(ExitCodes.Usage, await relative.RunAsync("backup", "somewhere", "--api", node.Address, "--token-file", node.TokenFile));
        Assert.Contains("'somewhere' is no absolute path", relative.Error);
    }

    [Fact]
    public async Task That_a_backup_is_made_is_said_also_where_the_output_cannot_be_written()
    {
        await using var node = await FakeNode.StartAsync();
        using var folder = new TemporaryFolder();
        var terminal = new Terminal();
        using var full = new FullWriter();
        var surroundings = new Surroundings { Output = full, Error = terminal.Surroundings.Error, OpenInput = () => Stream.Null, Environment = _ => null };
        Assert.Equal(
            ExitCodes.Failure,
            await CommandLine.RunAsync(["backup", Path.Combine(folder.Path, "one"), "--data", node.Directory], surroundings, TestContext.Current.CancellationToken));
        Assert.Contains($"The backup {Path.Combine(folder.Path, "one")} is made, and whole. The output can't be written", terminal.Error);
    }

    /// <summary>The process of a node that hangs still takes connections.</summary>
    [Fact]
    public async Task A_node_that_does_not_answer_is_looked_at_from_outside_and_not_backed_up()
    {
        using var folder = new TemporaryFolder();
        using var held = new FileStream(Path.Combine(folder.Path, "lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "p2pgrpc.db"), "", TestContext.Current.CancellationToken);
        using var silent = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        silent.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(Path.Combine(folder.Path, "api.sock")));
        silent.Listen();
        // By a clock that is behind, the time limit of a call is over when it begins.
        var terminal = new Terminal { Time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(TimeProvider.System.GetUtcNow().AddDays(-1)) };
        Assert.Equal(ExitCodes.Failure, await terminal.RunAsync("doctor", "--data", folder.Path));
        Assert.StartsWith("ERROR    node         Its process holds the data directory and does not answer", terminal.Lines[0]);
        Assert.Contains(terminal.Lines, line => line.StartsWith("ok       disk", StringComparison.Ordinal) || line.StartsWith("warning  disk", StringComparison.Ordinal));
        Assert.Equal(ExitCodes.Unreachable, await terminal.RunAsync("backup", Path.Combine(folder.Path, "one"), "--data", folder.Path));
        Assert.Contains($"The process that holds {folder.Path} does not answer", terminal.Error);
    }

    [Fact]
    public async Task A_passphrase_that_is_too_short_is_judged_like_one_that_is_empty()
    {
        using var folder = new TemporaryFolder();
        foreach (var (text, said) in new[] { ("\n", "is empty"), ("short\n", "at least 10 are needed") })
        {
            var passphrase = Path.Combine(folder.Path, "passphrase");
            await File.WriteAllTextAsync(passphrase, text, TestContext.Current.CancellationToken);
            var terminal = new Terminal();
            Assert.Equal(ExitCodes.Usage, await terminal.RunAsync("key", "export", Path.Combine(folder.Path, "key"), "--data", folder.Path, "--passphrase-file", passphrase));
            Assert.Contains(said, terminal.Error);
        }
    }

    [Fact]
    public async Task A_passphrase_comes_from_a_file_the_environment_or_who_types_it_and_is_never_shown()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "key");
        var asked = new Terminal();
        Assert.Equal(ExitCodes.Usage, await asked.RunAsync("key", "import", await WriteSealedAsync(file), "--data", Path.Combine(folder.Path, "a")));
        Assert.Contains("--passphrase-file", asked.Error);

        var keys = new Queue<char>("words not to be seen\r");
        var typed = new Terminal { ReadKey = () => keys.Dequeue() is var key && key == '\r' ? new ConsoleKeyInfo(key, ConsoleKey.Enter, false, false, false) : new ConsoleKeyInfo(key, ConsoleKey.A, false, false, false) };
        Assert.Equal(ExitCodes.Failure, await typed.RunAsync("key", "import", file, "--data", Path.Combine(folder.Path, "a")));
        Assert.Contains("The passphrase is another one", typed.Error);
        Assert.DoesNotContain("words not to be seen", typed.Error + typed.Output);

        var given = new Terminal();
        given.Environment["P2PGRPC_PASSPHRASE"] = "five words that nobody guesses";
        Assert.Equal(ExitCodes.Success, await given.RunAsync("key", "import", file, "--data", Path.Combine(folder.Path, "a")));
        var passphrase = Path.Combine(folder.Path, "passphrase");
        await File.WriteAllTextAsync(passphrase, "five words that nobody guesses\nand more\n", TestContext.Current.CancellationToken);
        var read = new Terminal();
        Assert.Equal(ExitCodes.Success, await read.RunAsync("key", "import", file, "--data", Path.Combine(folder.Path, "b"), "--passphrase-file", passphrase, "--json"));
        Assert.StartsWith("""{"type":"key","peerId":"pg2vmlup4zkpsqdywejorkmlu6ib7bj242k35v7a4oiqxlieszsa""", read.Lines.Single());
    }

    /// <summary>A terminal's key can't be taken back, so what waits for one is left behind.</summary>
    [Fact]
    public async Task Whoever_gives_up_at_the_prompt_is_let_go_at_once()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        using var typed = new ManualResetEventSlim();
        var terminal = new Terminal
        {
            ReadKey = () =>
            {
                stop.Cancel();
                typed.Wait();
                return new ConsoleKeyInfo('\r', ConsoleKey.Enter, false, false, false);
            },
        };
        var file = await WriteSealedAsync(Path.Combine(folder.Path, "key"));
        var ended = await terminal.RunAsync(stop.Token, "key", "import", file, "--data", Path.Combine(folder.Path, "a"));
        typed.Set();
        Assert.NotEqual(ExitCodes.Success, ended);
        Assert.False(File.Exists(Path.Combine(folder.Path, "a", "identity.key")));
    }

    /// <summary>The key of the bytes 1 to 32, sealed at a low cost, so that the test is quick.</summary>
    private static async Task<string> WriteSealedAsync(string file)
    {
        await File.WriteAllTextAsync(file, SealedKey, TestContext.Current.CancellationToken);
        return file;
    }

    private const string SealedKey = """
        p2pgrpc sealed identity 1
        peer pg2vmlup4zkpsqdywejorkmlu6ib7bj242k35v7a4oiqxlieszsa
        argon2id 64 1
        salt aebagbafaydqqcikbmga2dqpca
        nonce aebagbafaydqqcikbmga2dqpcaireeyuculboga
        sealed mwlrot7qtkdjee2l5kdilvgyjijkrrith6u2viirzyqrhtfbpcq2cucxnrdc7dh253yaku2qurul4
        """;

    /// <summary>A file on a disk without room.</summary>
    private sealed class FullWriter : StringWriter
    {
        public override void Flush() => throw new IOException("No space left on device");
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("p2pgrpc-cli-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
