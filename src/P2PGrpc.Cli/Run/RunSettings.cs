using System.Net;

namespace P2PGrpc.Cli.Run;

/// <summary>What 'run' was told, from the command line, the environment, the configuration file and the defaults.</summary>
internal sealed record RunSettings
{
    public required string Name { get; init; }

    public required string Data { get; init; }

    public required string Listen { get; init; }

    /// <summary>What others shall dial, as shown to the owner; null for what follows from the listening address.</summary>
    public string? Advertise { get; init; }

    /// <summary>Null: loopback, at the port after the listening one by 1000. "off": none.</summary>
    public string? Api { get; init; }

    /// <summary>Where health alone is told. Null or "off": nowhere.</summary>
    public string? Health { get; init; }

    public bool ApiOpen { get; init; }

    /// <summary>Null or "off": no web endpoint.</summary>
    public string? Web { get; init; }

    public IReadOnlyList<string> WebOrigins { get; init; } = [];

    public string? ApiCertificate { get; init; }

    public string? ApiKey { get; init; }

    public required IReadOnlyList<string> Peers { get; init; }

    public bool AcceptAny { get; init; }

    /// <summary>Null or "off": no discovery.</summary>
    public string? Discover { get; init; }

    public bool DialAny { get; init; }

    /// <summary>Quotas in bytes; null for no bound.</summary>
    public long? QuotaAuthor { get; init; }

    public long? QuotaRoom { get; init; }

    public long? QuotaAuthorRate { get; init; }

    public long? QuotaRoomRate { get; init; }

    public int? KeepDays { get; init; }

    public long? KeepBytes { get; init; }

    /// <summary>Where Prometheus finds the metrics; null: nowhere.</summary>
    public IPEndPoint? Metrics { get; init; }

    /// <summary>Write the log as JSON, one object a line.</summary>
    public bool LogsJson { get; init; }

    /// <summary>The file that was read; null if none was given.</summary>
    public string? Config { get; init; }

    public bool Quiet { get; init; }

    public bool Json { get; init; }

    public bool Verbose { get; init; }
}
