using System.Text.Json;
using System.Text.Json.Serialization;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.Upkeep;

/// <summary>What a backup says of itself. Written last: a directory without it is no whole backup.</summary>
/// <param name="Format">The kind and version of the backup.</param>
/// <param name="PeerId">Whose it is.</param>
/// <param name="Program">The version of the program that made it.</param>
/// <param name="SchemaVersion">The version of the database.</param>
/// <param name="Position">The position of the newest message in it.</param>
/// <param name="CreatedAt">When it was made, by the node's clock.</param>
/// <param name="DatabaseBytes">The length of the database file.</param>
/// <param name="Sha256">The SHA-256 of the database file, in hexadecimal digits.</param>
internal sealed record BackupManifest(
    string Format, string PeerId, string Program, long SchemaVersion, ulong Position, DateTimeOffset CreatedAt, long DatabaseBytes, string Sha256)
{
    public const string CurrentFormat = "p2pgrpc backup 1";

    public const string FileName = "backup.json";

    /// <summary>Whose it is.</summary>
    [JsonIgnore]
    public PeerId Peer => Core.Identity.PeerId.Parse(PeerId);

    /// <summary>True if a directory means to be a backup.</summary>
    public static bool IsIn(string directory) => File.Exists(Path.Combine(directory, FileName));

    /// <exception cref="UpkeepException">There is none, or this program does not understand it.</exception>
    public static BackupManifest Read(string directory)
    {
        var path = Path.Combine(directory, FileName);
        try
        {
            var manifest = JsonSerializer.Deserialize(File.ReadAllText(path), BackupJson.Default.BackupManifest);
            if (manifest is null or { Format: not CurrentFormat } || !Core.Identity.PeerId.TryParse(manifest.PeerId, out _))
                throw new UpkeepException("BACKUP_UNKNOWN", $"{path} is of no kind of backup that this version knows ('{CurrentFormat}'). Use a newer version.");
            if (manifest.SchemaVersion > Schema.Version)
                throw new UpkeepException("DATABASE_NEWER", $"The backup {directory} was made by a newer version of this program ({manifest.Program}). Use that one.");
            return manifest;
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UpkeepException(
                "BACKUP_INCOMPLETE", $"{directory} is no whole backup: it has no {FileName}, which 'p2pgrpc backup' writes last. Take another backup.", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new UpkeepException("BACKUP_DAMAGED", $"{path} can't be read: {fault.Message} Take another backup.", fault);
        }
    }

    public string ToText() => JsonSerializer.Serialize(this, BackupJson.Default.BackupManifest) + "\n";
}

/// <summary>Generated code for reading and writing it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(BackupManifest))]
internal sealed partial class BackupJson : JsonSerializerContext;
