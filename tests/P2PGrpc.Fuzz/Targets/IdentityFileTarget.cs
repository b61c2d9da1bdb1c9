using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Fuzz.Targets;

/// <summary>The file with a node's key, whatever happened to it.</summary>
internal sealed class IdentityFileTarget : FuzzTarget, IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("p2pgrpc-fuzz-");

    public override string Name => "identity-file";

    public override int MaximumLength => 2048;

    private string Path => System.IO.Path.Combine(directory.FullName, "identity.key");

    public override IEnumerable<byte[]> MakeSeeds()
    {
        File.Delete(Path);
        using (IdentityFile.LoadOrCreate(Path))
            yield return File.ReadAllBytes(Path);
    }

    public override string Run(byte[] input)
    {
        // Its mode stays that of the file that was made for the seeds.
        using (var file = new FileStream(Path, FileMode.Truncate))
            file.Write(input);
        try
        {
            using var identity = IdentityFile.LoadOrCreate(Path);
            Require(File.ReadAllText(Path).Contains(identity.PeerId.ToString(), StringComparison.Ordinal), "A file gives the identity that it names.");
            return "accepted";
        }
        catch (NodeStartException refused)
        {
            Require(!refused.Message.Any(char.IsControl), "A5: a control character is in an error.");
            return refused.Reason;
        }
    }

    public void Dispose() => directory.Delete(recursive: true);
}
