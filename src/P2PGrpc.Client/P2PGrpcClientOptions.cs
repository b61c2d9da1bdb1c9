using System.Text.Json;
using Grpc.Core.Interceptors;

namespace P2PGrpc.Client;

/// <summary>
/// Where a client finds its node. With nothing set it is the node that uses the default data directory: that of the environment
/// variable P2PGRPC_DATA, else p2pgrpc in $XDG_DATA_HOME, else ~/.local/share/p2pgrpc.
/// </summary>
public sealed class P2PGrpcClientOptions
{
    // Fields and methods, since the configuration's binder fills internal properties too.
    private readonly List<Interceptor> interceptors = [];
    private JsonSerializerOptions? json;

    /// <summary>
    /// The data directory of a node on this machine. Its Unix socket is used, or, where there is none, the address and
    /// the token that stand beside it. Not together with <see cref="Address"/>.
    /// </summary>
    public string? DataDirectory { get; set; }

    /// <summary>
    /// Where the node's client endpoint is: host:port or http://host:port on this machine, https://host:port anywhere.
    /// </summary>
    public string? Address { get; set; }

    /// <summary>The file that holds the node's token: api.token in its data directory. Read again when it changes.</summary>
    public string? TokenFile { get; set; }

    /// <summary>The node's token itself. Not together with <see cref="TokenFile"/>.</summary>
    public string? Token { get; set; }

    /// <summary>
    /// A PEM file with the certificate that the node shows at an https address: exactly this one is accepted, whatever it says.
    /// Unset: the machine's trusted authorities decide.
    /// </summary>
    public string? ServerCertificateFile { get; set; }

    /// <summary>
    /// The time limit of a call, with its retries, at most a day; <see cref="Timeout.InfiniteTimeSpan"/>: none. Default 30 s. Subscriptions and SendManyAsync have
    /// none.
    /// </summary>
    public TimeSpan CallTimeout { get; set; } = ClientLimits.CallTimeout;

    /// <summary>
    /// How long a node that is unavailable is tried again before a call fails; each try sends the same message_id, so that no
    /// message is sent twice. Default 10 s, at most a day, within <see cref="CallTimeout"/>. Zero: never. <see cref="Timeout.InfiniteTimeSpan"/>: as long as that allows.
    /// </summary>
    public TimeSpan RetryFor { get; set; } = ClientLimits.RetryFor;

    /// <summary>Those that were added, the outermost first.</summary>
    internal Interceptor[] GetInterceptors() => [.. interceptors];

    /// <summary>How typed messages are written as JSON; null: as for the web.</summary>
    internal JsonSerializerOptions? GetJson() => json;

    /// <summary>
    /// Puts an interceptor around every gRPC call of the client, its stubs' as well. The one that was added first is the outermost; all of them stand
    /// outside of the client's own, so that none sees the token. It must be thread-safe.
    /// </summary>
    /// <param name="interceptor">The interceptor.</param>
    public void AddInterceptor(Interceptor interceptor)
    {
        ArgumentNullException.ThrowIfNull(interceptor);
        interceptors.Add(interceptor);
    }

    /// <summary>
    /// Says how typed messages that are no Protobuf messages are written and read. Default: as for the web (camelCase, case-insensitive). Programs that are
    /// trimmed or compiled ahead of time give options with a source-generated <see cref="JsonSerializerOptions.TypeInfoResolver"/>.
    /// </summary>
    /// <param name="options">The options. They must not be changed afterwards.</param>
    public void UseJson(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        json = options;
    }

    /// <summary>Says what is wrong with these options; null if nothing is.</summary>
    internal string? FindFault()
    {
        if (DataDirectory is not null && Address is not null)
            return "DataDirectory and Address are both set: give one of them.";
        if (TokenFile is not null && Token is not null)
            return "TokenFile and Token are both set: give one of them.";
        if (Address is null && (TokenFile is not null || Token is not null))
            return "A token is set but no Address: a data directory holds its own token.";
        if (Token is not null && (Token.Length == 0 || !Token.All(letter => letter is > ' ' and <= '~')))
            return "The token is empty, or holds a space, a line break or another sign that can't be in one: give the one line of the node's api.token, or set TokenFile.";
        if (Address is null && ServerCertificateFile is not null)
            return "ServerCertificateFile is set but no Address: it goes with an https address.";
        if (DataDirectory is { Length: 0 })
            return "DataDirectory is empty: give a directory, or leave it unset for the default one.";
        if (TokenFile is { Length: 0 } || ServerCertificateFile is { Length: 0 })
            return $"{(TokenFile is { Length: 0 } ? nameof(TokenFile) : nameof(ServerCertificateFile))} is empty: name a file, or leave it unset.";
        if (TimeLimit.FindOptionFault(CallTimeout) is { } limitFault)
            return $"CallTimeout {limitFault}.";
        if ((TimeLimit.FindRetryFault(RetryFor) ?? (RetryFor > TimeSpan.Zero ? TimeLimit.FindOptionFault(RetryFor) : null)) is { } retryFault)
            return $"RetryFor {retryFault}.";
        return Address is null ? null : FindAddressFault(Address);
    }

    private string? FindAddressFault(string address)
    {
        if (!NodeAddress.TryParse(address, out var uri))
            return $"The address '{address}' is not understood: give host:port, http://host:port or https://host:port.";
        var secure = uri.Scheme == Uri.UriSchemeHttps;
        if (!secure && ServerCertificateFile is not null)
            return "ServerCertificateFile is set but the address is not https.";
        // A node serves in clear on loopback only, so a token on its way elsewhere is a mistake that would show it to the network.
        if (!secure && !uri.IsLoopback && (TokenFile is not null || Token is not null))
            return $"The token would go in clear to {uri.Host}: use https, or a tunnel to this machine's loopback.";
        return null;
    }
}
