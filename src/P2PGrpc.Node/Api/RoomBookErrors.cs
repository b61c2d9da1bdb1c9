using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Rooms;

namespace P2PGrpc.Node.Api;

/// <summary>Says in a caller's terms why the rooms could not be changed. Pure.</summary>
internal static class RoomBookErrors
{
    public static NodeRequestException ToRequestException(RoomBookException error)
    {
        var (status, reason, field) = error.Fault switch
        {
            RoomBookFault.Unknown => (StatusCode.NotFound, "ROOM_UNKNOWN", null),
            RoomBookFault.Left => (StatusCode.FailedPrecondition, "ROOM_LEFT", null),
            RoomBookFault.NameTaken => (StatusCode.AlreadyExists, "ROOM_EXISTS", null),
            RoomBookFault.Full => (StatusCode.ResourceExhausted, "TOO_MANY_ROOMS", null),
            RoomBookFault.InvalidTicket => (StatusCode.InvalidArgument, "TICKET_INVALID", "ticket"),
            RoomBookFault.InvalidMember => (StatusCode.InvalidArgument, "INVALID_FIELD", "peer"),
            _ => (StatusCode.InvalidArgument, "INVALID_FIELD", "name"),
        };
        return new NodeRequestException(status, reason, error.Message) { Field = field, Resource = error.Room };
    }
}
