using System.Runtime.Versioning;
using Grpc.Core;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Node.Upkeep;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Upkeep;

/// <summary>Backups of nodes that run, and what can be made of them. That nothing forks or is doubled by them is S3, with real processes.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class BackupTests : IDisposable
{
    private static readonly SealingCost Cheap = new(64, 1);
    private const string Passphrase = "five words that nobody guesses";

    private readonly string folder = Directory.CreateTempSubdirectory("p2pgrpc-backup-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_backup_that_is_made_while_messages_come_holds_all_that_was_accepted_before_it_and_is_whole()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        var texts = Enumerable.Range(0, 50).Select(number => $"{number} {new string('x', 5000)}").ToList();
        foreach (var text in texts)
            await alice.SendAsync("self", text);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var going = SendOnAsync(alice, ending.Token);
        var backup = await BackUpAsync(alice, "one");
        await ending.CancelAsync();
        var more = await going;

        Assert.InRange(backup.Position, (ulong)texts.Count, (ulong)(texts.Count + more));
        Assert.Equal(["backup.json", "p2pgrpc.db"], Directory.EnumerateFileSystemEntries(backup.Directory).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(backup.Directory, "p2pgrpc.db")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(backup.Directory));
        var report = NodeFiles.Verify(backup.Directory, (_, _) => { }, fault => Assert.Fail(fault), Token);
        Assert.Equal((backup.Position, 0ul), (report.Messages, report.Faults));
        // And the node that runs can be verified, too.
        Assert.Equal((ulong)(texts.Count + more), NodeFiles.Verify(alice.DataDirectory, (_, _) => { }, fault => Assert.Fail(fault), Token).Messages);
    }

    [Fact]
    public async Task A_restored_backup_is_the_node_with_the_messages_that_it_had()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await alice.SendAsync("self", "kept");
        var backup = await BackUpAsync(alice, "one");
        await alice.SendAsync("self", "too late");
        var id = alice.Id;
        var key = Path.Combine(folder, "alice.key");
        Assert.Equal(id, NodeFiles.ExportKey(alice.DataDirectory, key, Passphrase, Cheap).ToString());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key));
        await alice.StopAsync();
        Directory.Delete(alice.DataDirectory, recursive: true);

        Assert.Equal("KEY_MISSING", Refusal(() => Restore(backup, alice, null)));
        Assert.Equal("KEY_NOT_OPENED", Assert.Throws<UpkeepException>(
            () => NodeFiles.Restore(backup.Directory, alice.DataDirectory, key, () => "another passphrase", (_, _) => { }, Token)).Reason);
        Assert.Equal(id, Restore(backup, alice, key).ToString());
        Assert.Equal("DIRECTORY_NOT_EMPTY", Refusal(() => Restore(backup, alice, key)));
        await alice.StartAgainAsync();
        Assert.Equal(id, alice.Id);
        Assert.Equal("DIRECTORY_IN_USE", Refusal(() => Restore(backup, alice, key)));
        await alice.SendAsync("self", "new");
        Assert.Equal(["kept", "new"], (await alice.ReceiveAsync(2, request => request.IncludeOwn = true)).Select(message => message.Entry.Content.Text));
    }

    [Fact]
    public async Task A_backup_with_the_key_needs_no_other_and_one_of_a_stopped_node_is_as_good()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await alice.SendAsync("self", "kept");
        var id = alice.Id;
        await alice.StopAsync();
        var target = Path.Combine(folder, "stopped");
        NodeFiles.CreateBackup(alice.DataDirectory, target, withKey: true, (_, _) => { }, TimeProvider.System, Token);
        Directory.Delete(alice.DataDirectory, recursive: true);
        Assert.Equal(id, NodeFiles.Restore(target, alice.DataDirectory, null, () => "", (_, _) => { }, Token).ToString());
        await alice.StartAgainAsync();
        Assert.Equal((id, 1ul), (alice.Id, alice.Runtime.Store.LastPosition));
    }

    [Fact]
    public async Task A_backup_overwrites_nothing_and_one_that_is_damaged_or_cut_off_is_refused()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        var backup = await BackUpAsync(alice, "one", withKey: true);
        Assert.Equal(StatusCode.AlreadyExists, (await Assert.ThrowsAsync<NodeRequestException>(() => BackUpAsync(alice, "one"))).Status);
        Assert.Equal("INVALID_FIELD", (await Assert.ThrowsAsync<NodeRequestException>(() => BackUpAsync(alice, "../relative", fullPath: false))).Reason);
        Assert.Equal("BACKUP_PLACE", (await Assert.ThrowsAsync<NodeRequestException>(() => BackUpAsync(alice, "no/such/place"))).Reason);
        await alice.StopAsync();
        Directory.Delete(alice.DataDirectory, recursive: true);

        var database = Path.Combine(backup.Directory, "p2pgrpc.db");
        var bytes = await File.ReadAllBytesAsync(database, Token);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(database, bytes, Token);
        Assert.Equal("BACKUP_DAMAGED", Refusal(() => Restore(backup, alice, null)));
        File.Delete(Path.Combine(backup.Directory, "backup.json"));
        Assert.Equal("BACKUP_INCOMPLETE", Refusal(() => Restore(backup, alice, null)));
        Assert.False(File.Exists(Path.Combine(alice.DataDirectory, "p2pgrpc.db")));
    }

    /// <summary>A verification that finds nothing must mean that the backup can be put back.</summary>
    [Fact]
    public async Task What_a_restoration_refuses_a_verification_names()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await alice.SendAsync("self", "kept");
        var whole = (await BackUpAsync(alice, "whole", withKey: true)).Directory;
        Assert.Empty(Verify(whole));
        var manifest = Path.Combine(whole, "backup.json");
        var text = await File.ReadAllTextAsync(manifest, Token);
        await File.WriteAllTextAsync(manifest, text.Replace("\"sha256\": \"", "\"sha256\": \"0", StringComparison.Ordinal), Token);
        Assert.Contains("its hash is another one than backup.json says", Assert.Single(Verify(whole)), StringComparison.Ordinal);
        await File.WriteAllTextAsync(manifest, text, Token);
        await using var bob = await RunningNode.StartAsync("bob");
        File.Copy(Path.Combine(bob.DataDirectory, "identity.key"), Path.Combine(whole, "identity.key"), overwrite: true);
        Assert.Contains($"identity.key is that of {bob.Id}", Assert.Single(Verify(whole)), StringComparison.Ordinal);

        var cut = (await BackUpAsync(alice, "cut")).Directory;
        File.Delete(Path.Combine(cut, "backup.json"));
        Assert.Contains("is no whole backup", Assert.Single(Verify(cut)), StringComparison.Ordinal);
    }

    /// <summary>The disk may be one that can only be read, and the program be run by another user than the node.</summary>
    [Fact]
    public async Task A_backup_of_a_stopped_node_takes_no_lock_that_is_not_there_and_one_that_runs_is_left_alone()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        Assert.Equal("DIRECTORY_IN_USE", Refusal(() => CopyFiles(alice, "running")));
        await alice.StopAsync();
        File.Delete(Path.Combine(alice.DataDirectory, "lock"));
        var before = List();
        CopyFiles(alice, "copied");
        Assert.Equal(before, List());
        Assert.Empty(Verify(Path.Combine(folder, "copied")));

        // What SQLite makes to read a database it gives to the user whose database it is.
        List<string?> List() => [.. Directory.EnumerateFileSystemEntries(alice.DataDirectory).Select(Path.GetFileName).Where(name => name is not ("p2pgrpc.db-shm" or "p2pgrpc.db-wal")).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public void Half_a_backup_is_taken_away_and_nothing_else()
    {
        var half = Directory.CreateDirectory(Path.Combine(folder, "half")).FullName;
        File.WriteAllText(Path.Combine(half, "p2pgrpc.db"), "half");
        File.WriteAllText(Path.Combine(half, "identity.key"), "key");
        Assert.True(NodeFiles.TryDiscardHalfBackup(half));
        Assert.False(Directory.Exists(half));
        Assert.True(NodeFiles.TryDiscardHalfBackup(half));

        foreach (var kept in new[] { "letter", "backup.json" })
        {
            var other = Directory.CreateDirectory(Path.Combine(folder, $"with-{kept}")).FullName;
            File.WriteAllText(Path.Combine(other, kept), "");
            Assert.False(NodeFiles.TryDiscardHalfBackup(other));
            Assert.True(File.Exists(Path.Combine(other, kept)));
        }
    }

    [Fact]
    public async Task A_key_is_imported_where_there_is_none_and_never_overwritten()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        var id = alice.Id;
        var file = Path.Combine(folder, "alice.key");
        Assert.Equal("PASSPHRASE_SHORT", Refusal(() => NodeFiles.ExportKey(alice.DataDirectory, file, "short", Cheap)));
        NodeFiles.ExportKey(alice.DataDirectory, file, Passphrase, Cheap);
        Assert.Equal("FILE_EXISTS", Refusal(() => NodeFiles.ExportKey(alice.DataDirectory, file, Passphrase, Cheap)));
        var other = Path.Combine(folder, "other");
        Assert.Equal(id, NodeFiles.ImportKey(file, other, () => Passphrase).ToString());
        // Once more changes nothing: what makes a container's files ready runs at each start.
        Assert.Equal(id, NodeFiles.ImportKey(file, other, () => Passphrase).ToString());
        await using var bob = await RunningNode.StartAsync("bob");
        Assert.Equal("KEY_EXISTS", Refusal(() => NodeFiles.ImportKey(Path.Combine(bob.DataDirectory, "identity.key"), other, () => Passphrase)));
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(alice.DataDirectory, "identity.key"), Token), await File.ReadAllTextAsync(Path.Combine(other, "identity.key"), Token));
    }

    /// <summary>As a Secret of Kubernetes is mounted where there is an fsGroup: 0400 becomes 0440.</summary>
    [Fact]
    public async Task A_key_that_its_group_may_read_is_imported_to_a_file_of_the_nodes_own()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        var secret = Path.Combine(folder, "secret");
        File.Copy(Path.Combine(alice.DataDirectory, "identity.key"), secret);
        File.SetUnixFileMode(secret, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        var node = Path.Combine(folder, "node");
        Assert.Equal(alice.Id, NodeFiles.ImportKey(secret, node, () => "").ToString());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(node, "identity.key")));

        File.SetUnixFileMode(secret, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Equal("KEY_FILE_MODE", Refusal(() => NodeFiles.ImportKey(secret, Path.Combine(folder, "another"), () => "")));
    }

    private static string Refusal(Action action) => Assert.Throws<UpkeepException>(action).Reason;

    private static PeerId Restore(Backup backup, RunningNode node, string? key) =>
        NodeFiles.Restore(backup.Directory, node.DataDirectory, key, () => Passphrase, (_, _) => { }, Token);

    private static List<string> Verify(string directory)
    {
        var faults = new List<string>();
        var report = NodeFiles.Verify(directory, (_, _) => { }, faults.Add, Token);
        Assert.Equal((ulong)faults.Count, report.Faults);
        return faults;
    }

    private void CopyFiles(RunningNode node, string name) =>
        NodeFiles.CreateBackup(node.DataDirectory, Path.Combine(folder, name), withKey: false, (_, _) => { }, TimeProvider.System, Token);

    private async Task<Backup> BackUpAsync(RunningNode node, string name, bool withKey = false, bool fullPath = true)
    {
        var request = new CreateBackupRequest { Directory = fullPath ? Path.Combine(folder, name) : name, WithKey = withKey };
        Backup? made = null;
        await foreach (var response in node.Runtime.Upkeep.Backups.CreateAsync(request, Token))
            made = response.Backup ?? made;
        return made!;
    }

    private static async Task<int> SendOnAsync(RunningNode node, CancellationToken cancellationToken)
    {
        var sent = 0;
        for (; !cancellationToken.IsCancellationRequested; sent++)
            await node.SendAsync("self", $"meanwhile {sent}");
        return sent;
    }
}
