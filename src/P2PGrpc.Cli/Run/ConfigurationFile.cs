using System.Text.Json;

namespace P2PGrpc.Cli.Run;

/// <summary>
/// The JSON file that --config names: one object with the names below. Paths in it are relative to the file. A name that it does not know is
/// an error, so that a slip is noticed.
/// </summary>
internal sealed class ConfigurationFile
{
    private static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    public string? Name { get; private set; }

    public string? Data { get; private set; }

    public string? Listen { get; private set; }

    public string? Advertise { get; private set; }

    public string? Api { get; private set; }

    public bool? ApiOpen { get; private set; }

    public string? ApiCertificate { get; private set; }

    public string? ApiKey { get; private set; }

    public string? Accept { get; private set; }

    public IReadOnlyList<string>? Peers { get; private set; }

    /// <exception cref="CommandException">The file can't be read, or not be understood.</exception>
    public static ConfigurationFile Read(string path)
    {
        if (path.Length == 0)
            throw CommandException.Usage("--config is empty: name a JSON file, or leave it out.");
        if (Directory.Exists(path))
            throw CommandException.Usage($"The configuration file can't be read: {path} is a directory.");
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), Lenient);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw CommandException.Usage($"{path}: a JSON object is expected.");
            var file = new ConfigurationFile();
            var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
            foreach (var property in document.RootElement.EnumerateObject())
                file.Set(property, path, directory);
            return file;
        }
        catch (JsonException fault)
        {
            throw CommandException.Usage($"{path} is no valid JSON: {fault.Message}");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw CommandException.Usage($"The configuration file can't be read: {fault.Message}");
        }
    }

    private void Set(JsonProperty property, string path, string directory)
    {
        switch (property.Name)
        {
            case "name": Name = Text(property, path); break;
            case "data": Data = Path.Combine(directory, Text(property, path)); break;
            case "listen": Listen = Text(property, path); break;
            case "advertise": Advertise = Text(property, path); break;
            case "api": Api = Text(property, path); break;
            case "apiOpen": ApiOpen = Truth(property, path); break;
            case "apiCert": ApiCertificate = Path.Combine(directory, Text(property, path)); break;
            case "apiKey": ApiKey = Path.Combine(directory, Text(property, path)); break;
            case "accept": Accept = Text(property, path); break;
            case "peers": Peers = Texts(property, path); break;
            default:
                throw CommandException.Usage(
                    $"{path}: '{property.Name}' is unknown; known are name, data, listen, advertise, api, apiOpen, apiCert, apiKey, accept, peers.");
        }
    }

    private static string Text(JsonProperty property, string path) => property.Value.ValueKind == JsonValueKind.String
        ? property.Value.GetString()!
        : throw CommandException.Usage($"{path}: '{property.Name}' must be a string.");

    private static bool Truth(JsonProperty property, string path) => property.Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw CommandException.Usage($"{path}: '{property.Name}' must be true or false."),
    };

    private static List<string> Texts(JsonProperty property, string path)
    {
        if (property.Value.ValueKind != JsonValueKind.Array || property.Value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
            throw CommandException.Usage($"{path}: '{property.Name}' must be a list of strings.");
        return [.. property.Value.EnumerateArray().Select(item => item.GetString()!)];
    }
}
