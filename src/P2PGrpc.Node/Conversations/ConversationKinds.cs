using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Rooms;

namespace P2PGrpc.Node.Conversations;

/// <summary>What kind of conversation one is: what metrics and spans say in place of its name. Thread-safe.</summary>
internal sealed class ConversationKinds(PeerId self, RoomBook rooms)
{
    public const string Label = "p2pgrpc.conversation.kind";
    public const string Direct = "direct";
    public const string Room = "room";
    public const string Self = "self";

    private readonly ConversationId toSelf = ConversationId.Direct(self, self);

    public string Find(ConversationId conversation) => conversation == toSelf ? Self : rooms.Snapshot.Find(conversation) is null ? Direct : Room;
}
