using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Peers;

namespace P2PGrpc.Node.Api;

/// <summary>Says in a caller's terms why the peer book could not be changed. Pure.</summary>
internal static class PeerBookErrors
{
    public static NodeRequestException ToRequestException(PeerBookException error)
    {
        var (status, reason, field) = error.Fault switch
        {
            PeerBookFault.Unknown => (StatusCode.NotFound, "PEER_UNKNOWN", null),
            PeerBookFault.AlreadyExists => (StatusCode.AlreadyExists, "PEER_EXISTS", null),
            PeerBookFault.Full => (StatusCode.ResourceExhausted, "PEER_BOOK_FULL", null),
            PeerBookFault.InvalidAlias => (StatusCode.InvalidArgument, "INVALID_FIELD", "alias"),
            PeerBookFault.InvalidTicket => (StatusCode.InvalidArgument, "TICKET_INVALID", "ticket"),
            PeerBookFault.InvalidExpiry => (StatusCode.InvalidArgument, "INVALID_FIELD", "expires_after_seconds"),
            PeerBookFault.UnknownInvite => (StatusCode.NotFound, "INVITE_UNKNOWN", null),
            PeerBookFault.TooManyInvites => (StatusCode.ResourceExhausted, "TOO_MANY_INVITES", null),
            PeerBookFault.Ambiguous => (StatusCode.InvalidArgument, "PEER_AMBIGUOUS", "peer"),
            _ => (StatusCode.InvalidArgument, "INVALID_FIELD", "peer"),
        };
        return new NodeRequestException(status, reason, error.Message) { Field = field };
    }
}
