using System.Runtime.Versioning;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Files;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Telemetry;
using Xunit;

namespace P2PGrpc.Node.Tests.Identity;

[UnsupportedOSPlatform("windows")]
public sealed class IdentityFileTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("p2pgrpc-identity-").FullName;

    private string KeyPath => Path.Combine(directory, "identity.key");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void A_key_is_made_once_and_found_again()
    {
        using var made = IdentityFile.LoadOrCreate(KeyPath);
        using var found = IdentityFile.LoadOrCreate(KeyPath);

        Assert.Equal(made.PeerId, found.PeerId);
        Assert.True(IdentityKey.Verify(made.PeerId, "data"u8, found.Sign("data"u8)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyPath));
        Assert.Equal([KeyPath], Directory.EnumerateFileSystemEntries(directory));
        Assert.Contains($"peer {made.PeerId}\n", File.ReadAllText(KeyPath), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_nodes_get_different_keys()
    {
        using var one = IdentityFile.LoadOrCreate(KeyPath);
        using var other = IdentityFile.LoadOrCreate(KeyPath + "2");

        Assert.NotEqual(one.PeerId, other.PeerId);
    }

    [Fact]
    public void Every_flipped_or_missing_byte_is_noticed_and_never_another_identity()
    {
        IdentityFile.LoadOrCreate(KeyPath).Dispose();
        var good = File.ReadAllBytes(KeyPath);

        for (var index = 0; index < good.Length; index++)
        {
            var flipped = (byte[])good.Clone();
            flipped[index] ^= 1;
            AssertDamaged(flipped);
            AssertDamaged(good[..index]);
        }

        AssertDamaged([.. good, (byte)'\n']);
        AssertDamaged([.. good, .. new byte[100_000]]);
    }

    [Fact]
    public void A_file_of_a_later_version_says_so()
    {
        IdentityFile.LoadOrCreate(KeyPath).Dispose();
        File.WriteAllText(KeyPath, File.ReadAllText(KeyPath).Replace("identity 1", "identity 2", StringComparison.Ordinal));

        var error = Assert.Throws<NodeStartException>(() => IdentityFile.LoadOrCreate(KeyPath));

        Assert.Contains("newer version", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherExecute)]
    public void A_key_file_that_others_may_use_is_refused_with_the_command_that_mends_it(UnixFileMode extra)
    {
        IdentityFile.LoadOrCreate(KeyPath).Dispose();
        File.SetUnixFileMode(KeyPath, File.GetUnixFileMode(KeyPath) | extra);

        var error = Assert.Throws<NodeStartException>(() => IdentityFile.LoadOrCreate(KeyPath));

        Assert.Equal("KEY_FILE_MODE", error.Reason);
        Assert.EndsWith($"chmod 600 '{KeyPath}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_that_others_may_use_is_refused_and_no_key_is_made()
    {
        File.SetUnixFileMode(directory, File.GetUnixFileMode(directory) | UnixFileMode.OtherExecute);

        var error = Assert.Throws<NodeStartException>(() => IdentityFile.LoadOrCreate(KeyPath));

        Assert.Equal("KEY_FILE_MODE", error.Reason);
        Assert.EndsWith($"chmod 700 '{directory}'", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory));
    }

    [Fact]
    public void D1_what_a_killed_creation_left_is_swept_and_never_taken_for_the_key()
    {
        // A kill while the key was written leaves a part of it under another name.
        var leftover = KeyPath + ".0123456789abcdef.tmp";
        File.WriteAllText(leftover, "p2pgrpc identity 1\nWhoever");

        using var made = IdentityFile.LoadOrCreate(KeyPath);
        using var found = IdentityFile.LoadOrCreate(KeyPath);

        Assert.Equal(made.PeerId, found.PeerId);
        Assert.False(File.Exists(leftover));
    }

    [Fact]
    public void Creations_at_the_same_moment_end_with_one_identity()
    {
        var found = new PeerId[16];
        Parallel.For(0, found.Length, new ParallelOptions { MaxDegreeOfParallelism = found.Length }, index =>
        {
            using var identity = IdentityFile.LoadOrCreate(KeyPath);
            found[index] = identity.PeerId;
        });

        Assert.Single(found.Distinct());
        Assert.Equal([KeyPath], Directory.EnumerateFileSystemEntries(directory));
    }

    [Fact]
    public void A_key_that_cannot_be_made_is_a_named_error() =>
        Assert.Equal(
            "KEY_FILE_DAMAGED",
            Assert.Throws<NodeStartException>(() => IdentityFile.LoadOrCreate(Path.Combine(directory, "missing", "identity.key"))).Reason);

    [Fact]
    public void A_failing_system_call_is_an_error_and_not_swallowed()
    {
        Assert.Throws<IOException>(() => DurableFiles.Sync(Path.Combine(directory, "missing")));
        Assert.Throws<IOException>(() => DurableFiles.TryPublish(Path.Combine(directory, "missing"), KeyPath));
        using var closed = new Microsoft.Win32.SafeHandles.SafeFileHandle(int.MaxValue, ownsHandle: false);
        Assert.Throws<IOException>(() => DurableFiles.Sync(closed));
    }

    private void AssertDamaged(byte[] content)
    {
        File.WriteAllBytes(KeyPath, content);
        var error = Assert.Throws<NodeStartException>(() => IdentityFile.LoadOrCreate(KeyPath));
        Assert.Equal("KEY_FILE_DAMAGED", error.Reason);
    }
}
