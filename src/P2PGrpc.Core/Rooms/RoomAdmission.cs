using Google.Protobuf;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Rooms;

/// <summary>Finds a room's admission where it stands: in the opening of a log's first segment. Pure.</summary>
internal static class RoomAdmission
{
    /// <summary>True if the header begins a log whose author the log's conversation, taken for a room, has admitted.</summary>
    public static bool IsGiven(SegmentHeader first)
    {
        try
        {
            var opening = Protocol.Opening.Parser.ParseFrom(first.Opening.Span);
            return RoomSecret.IsAdmitted(first.Log.Conversation, first.Log.Author, opening.Admission.Span);
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }
}
