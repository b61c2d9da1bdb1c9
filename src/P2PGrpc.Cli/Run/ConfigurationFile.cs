using System.Text.Unicode;
using P2PGrpc.Client;

namespace P2PGrpc.Cli.Run;

/// <summary>
/// The JSON file that --config names: one object with the names below. Paths in it are relative to the file. A name that it does not know is
/// an error, so that a slip is noticed.
/// </summary>
internal sealed class ConfigurationFile
{
    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    public string? Name { get; private set; }

    public string? Data { get; private set; }

    public string? Listen { get; private set; }

    public string? Advertise { get; private set; }

    public string? Api { get; private set; }

    public string? Health { get; private set; }

    public bool? ApiOpen { get; private set; }

    public string? Web { get; private set; }

    public IReadOnlyList<string>? WebOrigins { get; private set; }

    public string? ApiCertificate { get; private set; }

    public string? ApiKey { get; private set; }

    public string? Accept { get; private set; }

    public string? Discover { get; private set; }

    public bool? DialAny { get; private set; }

    public string? QuotaAuthor { get; private set; }

    public string? QuotaRoom { get; private set; }

    public string? QuotaAuthorRate { get; private set; }

    public string? QuotaRoomRate { get; private set; }

    public string? KeepDays { get; private set; }

    public string? KeepBytes { get; private set; }

    public string? Metrics { get; private set; }

    public string? Log { get; private set; }

    public IReadOnlyList<string>? Peers { get; private set; }

    /// <exception cref="CommandException">The file can't be read, or not be understood.</exception>
    public static ConfigurationFile Read(string path)
    {
        if (path.Length == 0)
            throw CommandException.Usage("--config is empty: name a JSON file, or leave it out.");
        var bytes = Load(path);
        if (!Utf8.IsValid(bytes))
            throw CommandException.Usage($"The configuration file {path} is no UTF-8 text: a JSON object is expected.");
        var file = new ConfigurationFile();
        var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var reader = new ConfigurationReader(path, bytes);
        reader.Begin();
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (reader.TryReadName(out var name))
        {
            if (!names.Add(name))
                throw reader.Fault($"'{name}' stands here a second time: leave one of them out.");
            file.Set(name, ref reader, directory);
        }

        reader.End();
        return file;
    }

    private static ReadOnlySpan<byte> Load(string path)
    {
        try
        {
            var bytes = File.ReadAllBytes(path).AsSpan();
            return bytes.StartsWith(ByteOrderMark) ? bytes[ByteOrderMark.Length..] : bytes;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw CommandException.Usage($"The configuration file {path} can't be read: {UnreadableFile.Explain(path, fault)}");
        }
    }

    private void Set(string name, ref ConfigurationReader reader, string directory)
    {
        switch (name)
        {
            case "name": Name = reader.ReadText(name); break;
            case "data": Data = Path.Combine(directory, reader.ReadText(name)); break;
            case "listen": Listen = reader.ReadText(name); break;
            case "advertise": Advertise = reader.ReadText(name); break;
            case "api": Api = reader.ReadText(name); break;
            case "health": Health = reader.ReadText(name); break;
            case "apiOpen": ApiOpen = reader.ReadTruth(name); break;
            case "web": Web = reader.ReadText(name); break;
            case "webOrigins": WebOrigins = reader.ReadTexts(name); break;
            case "apiCert": ApiCertificate = Path.Combine(directory, reader.ReadText(name)); break;
            case "apiKey": ApiKey = Path.Combine(directory, reader.ReadText(name)); break;
            case "accept": Accept = reader.ReadText(name); break;
            case "keepDays": KeepDays = reader.ReadText(name); break;
            case "keepBytes": KeepBytes = reader.ReadText(name); break;
            case "discover": Discover = reader.ReadText(name); break;
            case "dialAny": DialAny = reader.ReadTruth(name); break;
            case "quotaAuthor": QuotaAuthor = reader.ReadText(name); break;
            case "quotaRoom": QuotaRoom = reader.ReadText(name); break;
            case "quotaAuthorRate": QuotaAuthorRate = reader.ReadText(name); break;
            case "quotaRoomRate": QuotaRoomRate = reader.ReadText(name); break;
            case "metrics": Metrics = reader.ReadText(name); break;
            case "log": Log = reader.ReadText(name); break;
            case "peers": Peers = reader.ReadTexts(name); break;
            default:
                throw reader.Fault(
                    $"'{name}' is unknown; known are name, data, listen, advertise, api, health, apiOpen, web, webOrigins, apiCert, apiKey, accept, discover, dialAny, peers, quotaAuthor, "
                    + "quotaRoom, quotaAuthorRate, quotaRoomRate, keepDays, keepBytes, metrics, log.");
        }
    }
}
