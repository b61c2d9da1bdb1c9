using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Status = Google.Rpc.Status;

namespace P2PGrpc.Node.Web;

/// <summary>Messages and errors as JSON, by the mapping of Protobuf: names in lowerCamelCase, fields that have their default value left out. Pure.</summary>
internal static class JsonForm
{
    public const string MediaType = "application/json";

    /// <summary>Takes names in both spellings, and refuses those that a message does not have: a slip must not be passed over.</summary>
    public static JsonParser Parser { get; } = new(new JsonParser.Settings(WebLimits.Depth));

    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithTypeRegistry(TypeRegistry.FromMessages(
        ErrorInfo.Descriptor, BadRequest.Descriptor, ResourceInfo.Descriptor, RetryInfo.Descriptor, QuotaFailure.Descriptor, PreconditionFailure.Descriptor)));

    /// <summary>One line.</summary>
    public static string Write(IMessage message) => Formatter.Format(message);

    /// <summary>The error with its details.</summary>
    public static Status ToStatus(RpcException error) =>
        error.GetRpcStatus() ?? new Status { Code = (int)error.StatusCode, Message = error.Status.Detail };

    /// <summary>The status of HTTP that stands for one of gRPC.</summary>
    public static int ToHttp(int code) => (StatusCode)code switch
    {
        StatusCode.OK => StatusCodes.Status200OK,
        StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.OutOfRange => StatusCodes.Status400BadRequest,
        StatusCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        StatusCode.PermissionDenied => StatusCodes.Status403Forbidden,
        StatusCode.NotFound => StatusCodes.Status404NotFound,
        StatusCode.AlreadyExists or StatusCode.Aborted => StatusCodes.Status409Conflict,
        StatusCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        StatusCode.Cancelled => StatusCodes.Status499ClientClosedRequest,
        StatusCode.Unimplemented => StatusCodes.Status501NotImplemented,
        StatusCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        StatusCode.DeadlineExceeded => StatusCodes.Status504GatewayTimeout,
        _ => StatusCodes.Status500InternalServerError,
    };
}
