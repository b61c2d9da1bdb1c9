using System.Runtime.Versioning;
using P2PGrpc.Node.Upkeep;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Upkeep;

/// <summary>What doctor says of the modes of a node's files.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class MachineChecksTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("p2pgrpc-modes-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    /// <summary>A volume that hands its group down (2700) lets nobody in; whoever may enter, or read the key, is told of.</summary>
    [Theory]
    [InlineData("700", "600", true)]
    [InlineData("2700", "600", true)]
    [InlineData("2700", "2600", true)]
    [InlineData("2750", "600", false)]
    [InlineData("4700", "600", false)]
    [InlineData("2700", "640", false)]
    [InlineData("700", "604", false)]
    public void A_group_that_is_handed_down_is_no_one_who_may_read(string folder, string key, bool isOk)
    {
        var path = Path.Combine(directory, "identity.key");
        File.WriteAllText(path, "");
        File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32(key, 8));
        File.SetUnixFileMode(directory, (UnixFileMode)Convert.ToInt32(folder, 8));
        var findings = new Findings();
        MachineChecks.CheckModes(directory, findings);
        var found = Assert.Single(findings.All);
        Assert.Equal(("files", isOk ? Severity.Ok : Severity.Error), (found.Check, found.Severity));
        Assert.Equal(isOk, found.Advice.Length == 0);
    }
}
