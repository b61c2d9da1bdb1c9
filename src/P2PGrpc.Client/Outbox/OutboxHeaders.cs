using System.Text.Json.Serialization;

namespace P2PGrpc.Client;

/// <summary>Headers of a message as they stand in the table: a JSON object.</summary>
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class OutboxHeaders : JsonSerializerContext;
