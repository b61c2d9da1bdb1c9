using System.Text;
using Google.Protobuf.Reflection;
using Grpc.Core;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Web;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Telemetry;

/// <summary>Every label that the metrics of a node have, and all that it can say: what others choose must not make a metric grow without end.</summary>
internal static class ClosedLabels
{
    private static readonly Dictionary<string, IReadOnlySet<string>> Values = new()
    {
        ["p2pgrpc.link.state"] = Set("up", "dialling", "down"),
        ["p2pgrpc.conversation.kind"] = Set("direct", "room", "self"),
        ["p2pgrpc.segment.origin"] = Set("own", "received"),
        ["p2pgrpc.file"] = Set("database", "write_ahead_log", "history"),
        ["p2pgrpc.reason"] = Set(
        [
            .. Names<GoodbyeReason>(), .. Names<DialFailure>(), .. Names<QuotaReason>(), .. Names<StoreFailure>(), .. Documents.ReadReasons(),
            "broken", "link_slow", "not_shared", "reader_slow", "_OTHER",
        ]),
        ["rpc.system.name"] = Set("grpc"),
        ["rpc.method"] = Set([.. Methods().Select(method => $"{method.Service.FullName}/{method.Name}")]),
        ["rpc.response.status_code"] = Set([.. Names<StatusCode>().Select(name => name == "o_k" ? "OK" : name.ToUpperInvariant())]),
        ["error.type"] = Set([.. Names<StatusCode>().Select(name => name.ToUpperInvariant()), "500", "501", "503", "504"]),
        ["http.request.method"] = Set("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "_OTHER"),
        ["url.scheme"] = Set("http", "https"),
        ["http.route"] = Set([.. HttpRules.All.Select(rule => rule.Path), .. Methods().Select(method => $"/{method.Service.FullName}/{method.Name}"), "/openapi.json"]),
        ["http.response.status_code"] = Set(
            "200", "204", "400", "401", "403", "404", "405", "408", "409", "413", "415", "421", "429", "499", "500", "501", "503", "504"),
    };

    public static void Check(IEnumerable<Measured> all)
    {
        foreach (var measured in all)
            foreach (var (label, value) in measured.Labels)
                Assert.True(Values.TryGetValue(label, out var values) && values.Contains(value), $"{measured.Name} has the label {label} with '{value}', which is in no list");
    }

    private static IEnumerable<MethodDescriptor> Methods() =>
        new[] { PeerService.Descriptor, NodeService.Descriptor, ConversationService.Descriptor }.SelectMany(service => service.Methods);

    private static HashSet<string> Set(params string[] values) => new(values, StringComparer.Ordinal);

    private static IEnumerable<string> Names<TEnum>() where TEnum : struct, Enum => Enum.GetNames<TEnum>().Select(name =>
    {
        var snake = new StringBuilder();
        foreach (var letter in name)
            snake.Append(char.IsUpper(letter) && snake.Length > 0 ? "_" : "").Append(char.ToLowerInvariant(letter));
        return snake.ToString();
    });
}
