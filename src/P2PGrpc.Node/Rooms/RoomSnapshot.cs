using System.Collections.Immutable;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Rooms;

/// <summary>The rooms at one moment. Immutable.</summary>
internal sealed class RoomSnapshot(ImmutableDictionary<ConversationId, RoomRecord> records)
{
    public static RoomSnapshot Empty { get; } = new(ImmutableDictionary<ConversationId, RoomRecord>.Empty);

    /// <summary>All rooms, those that were left among them.</summary>
    public IEnumerable<RoomRecord> Records => records.Values;

    public IReadOnlyList<RoomRecord> Joined { get; } = [.. records.Values.Where(room => room.IsJoined)];

    public RoomRecord? Find(ConversationId conversation) => records.GetValueOrDefault(conversation);

    public RoomRecord? FindByName(string name) => name.Length == 0 ? null : records.Values.FirstOrDefault(room => room.Name == name);

    /// <summary>The room that a text means: its name with or without '#', or its id.</summary>
    public RoomRecord? FindByText(string text) => Core.Identity.Bytes32.TryParse(text, out var id)
        ? Find(new ConversationId(id))
        : FindByName(text.StartsWith(RoomRecord.Sign) ? text[1..] : text);

    public RoomSnapshot With(RoomRecord room) => new(records.SetItem(room.Conversation, room));
}
