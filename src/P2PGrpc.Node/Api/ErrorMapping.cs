using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;

namespace P2PGrpc.Node.Api;

/// <summary>Errors as callers get them: a gRPC status with google.rpc.Status details. Pure.</summary>
internal static class ErrorMapping
{
    /// <summary>The domain of all reasons.</summary>
    public const string Domain = "p2pgrpc";

    public static RpcException ToRpcException(NodeRequestException error)
    {
        var status = new Google.Rpc.Status { Code = (int)error.Status, Message = error.Message };
        Add(status, new ErrorInfo { Reason = error.Reason, Domain = Domain });
        if (error.Field is { } field)
            Add(status, new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = field, Description = error.Message } } });
        if (error.Resource is { } resource)
            Add(status, new ResourceInfo { ResourceType = ResourceType(error.Reason), ResourceName = resource, Description = error.Message });
        if (error.RetryAfter is { } delay)
            Add(status, new RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) });
        if (error.Status == StatusCode.ResourceExhausted)
            Add(status, new QuotaFailure { Violations = { new QuotaFailure.Types.Violation { Subject = error.Reason, Description = error.Message } } });
        if (error.Status == StatusCode.FailedPrecondition)
            Add(status, new PreconditionFailure
            {
                Violations = { new PreconditionFailure.Types.Violation { Type = error.Reason, Subject = error.Resource ?? "", Description = error.Message } },
            });
        return status.ToRpcException();
    }

    public static RpcException ToRpcException(PeerBookException error) => ToRpcException(PeerBookErrors.ToRequestException(error));

    public static RpcException ToRpcException(RoomBookException error) => ToRpcException(RoomBookErrors.ToRequestException(error));

    private static string ResourceType(string reason) => reason switch
    {
        "MESSAGE_ID_USED" => "p2pgrpc/message_id",
        "MESSAGE_UNKNOWN" => "p2pgrpc/message",
        "ROOM_UNKNOWN" or "ROOM_LEFT" or "ROOM_EXISTS" => "p2pgrpc/room",
        _ => "p2pgrpc/peer",
    };

    private static void Add(Google.Rpc.Status status, IMessage detail) => status.Details.Add(Any.Pack(detail));
}
