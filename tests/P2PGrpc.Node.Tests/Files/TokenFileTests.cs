using System.Runtime.Versioning;
using P2PGrpc.Node.Files;
using P2PGrpc.Node.Telemetry;
using Xunit;

namespace P2PGrpc.Node.Tests.Files;

[UnsupportedOSPlatform("windows")]
public sealed class TokenFileTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("p2pgrpc-token-").FullName;

    private string TokenPath => Path.Combine(directory, "api.token");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void A_token_is_made_once_and_found_again_and_nothing_is_left_beside_it()
    {
        // What a process left that was killed while it made the token.
        File.WriteAllText(TokenPath + ".0123456789abcdef.tmp", "abc");

        var made = TokenFile.LoadOrCreate(TokenPath);

        Assert.Equal(made, TokenFile.LoadOrCreate(TokenPath));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(TokenPath));
        Assert.Equal([TokenPath], Directory.EnumerateFileSystemEntries(directory));
    }

    [Fact]
    public void Starts_at_the_same_time_end_with_the_same_token()
    {
        var tokens = new string[8];
        Parallel.For(0, tokens.Length, index => tokens[index] = TokenFile.LoadOrCreate(TokenPath));

        Assert.Single(tokens.Distinct());
    }

    [Theory]
    [InlineData("")]
    [InlineData("abc")]
    public void A_cut_token_is_refused_with_advice(string text)
    {
        File.WriteAllText(TokenPath, text);
        File.SetUnixFileMode(TokenPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        var refused = Assert.Throws<NodeStartException>(() => TokenFile.LoadOrCreate(TokenPath));

        Assert.Equal("TOKEN_FILE_DAMAGED", refused.Reason);
        Assert.Contains("Delete it", refused.Message, StringComparison.Ordinal);
    }
}
