using Grpc.Core;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Wire;

/// <summary>Makes one kind of exception of the many in which gRPC, HTTP/2, TLS and sockets report that a call failed.</summary>
internal static class CallErrors
{
    private const int DetailLength = 200;

    /// <summary>True for everything that the layers below throw when a call fails; anything else is a bug of ours.</summary>
    public static bool IsFailure(Exception error) =>
        error is RpcException or HttpRequestException or IOException or OperationCanceledException or InvalidOperationException;

    public static WireException ToWireException(Exception error)
    {
        var failure = error is RpcException call ? Judge(call.StatusCode) : WireFailure.Reset;
        return new WireException(failure, failure == WireFailure.Refused ? Describe(error) : Sentence(failure), error);
    }

    /// <summary>What an exception says, in one line fit for a log.</summary>
    public static string Describe(Exception error)
    {
        var text = error is RpcException call ? call.Status.Detail : error.Message;
        return DisplayText.Clean(text.Length > 0 ? text : error.GetType().Name, DetailLength);
    }

    private static WireFailure Judge(StatusCode status) => status switch
    {
        StatusCode.ResourceExhausted => WireFailure.TooLarge,
        StatusCode.DeadlineExceeded => WireFailure.Timeout,
        StatusCode.Unavailable or StatusCode.Cancelled or StatusCode.Internal or StatusCode.Unknown => WireFailure.Reset,
        _ => WireFailure.Refused,
    };

    private static string Sentence(WireFailure failure) => failure switch
    {
        WireFailure.TooLarge => "a frame is larger than allowed",
        WireFailure.Timeout => "the other side took too long",
        _ => "the connection broke",
    };
}
