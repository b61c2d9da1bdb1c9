using System.Security.Authentication;
using Google.Rpc;
using Grpc.Core;

namespace P2PGrpc.Client;

/// <summary>
/// A call to a node failed. <see cref="Exception.Message"/> is the sentence that the node (or this client) says about it;
/// <see cref="Reason"/> is the name to decide by.
/// </summary>
public sealed class P2PGrpcException : Exception
{
    /// <summary>The reason of a node that can't be reached: nothing listens, or the connection broke.</summary>
    public const string NodeUnreachable = "NODE_UNREACHABLE";

    /// <summary>The reason of a call that took longer than its time limit. What it asked for may have happened.</summary>
    public const string TimedOut = "TIMED_OUT";

    /// <summary>The reason of an ephemeral message whose stream broke: whether it went out is not known.</summary>
    public const string OutcomeUnknown = "OUTCOME_UNKNOWN";

    /// <summary>The reason of a request to which no reply came in time. <see cref="MayHaveHappened"/> says whether it was handed over.</summary>
    public const string NoReply = "NO_REPLY";

    /// <summary>The reason of a token file that can't be read, or holds no token. The node was not asked.</summary>
    public const string TokenUnreadable = "TOKEN_UNREADABLE";

    // A store that stopped in the midst of a commit can't tell what of it is on disk.
    private const string StoreHalted = "STORE_HALTED";

    private bool mayHaveHappened;

    /// <summary>An error as this client makes it: for tests of what a program does about it.</summary>
    /// <param name="statusCode">The gRPC status code.</param>
    /// <param name="reason">The name to decide by; empty if there is none.</param>
    /// <param name="message">What went wrong and what to do, in a sentence.</param>
    /// <param name="inner">What lies beneath, if anything.</param>
    public P2PGrpcException(StatusCode statusCode, string reason, string message, Exception? inner = null)
        : base(message, inner)
    {
        ArgumentNullException.ThrowIfNull(reason);
        StatusCode = statusCode;
        Reason = reason;
    }

    /// <summary>The gRPC status code.</summary>
    public StatusCode StatusCode { get; }

    /// <summary>A stable upper-case name of what went wrong, from the node's ErrorInfo or one of this class; empty if there is none.</summary>
    public string Reason { get; }

    /// <summary>How long the node asks to wait before trying again, if it does.</summary>
    public TimeSpan? RetryDelay { get; init; }

    /// <summary>
    /// Whether the same call may succeed a little later without anything being changed: the node was not available, or the answer did not come in time. Where
    /// <see cref="MayHaveHappened"/> is true, give a message its <see cref="OutgoingMessage.MessageId"/> beforehand, and send it again with the same one.
    /// </summary>
    public bool IsTransient => StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded;

    /// <summary>
    /// Whether what was asked for may have been done although the call failed: the answer was lost or late, or the node itself does not know.
    /// A message that is sent again with the same message_id is then one message, not two.
    /// </summary>
    public bool MayHaveHappened
    {
        get => mayHaveHappened;
        init => mayHaveHappened = value;
    }

    /// <summary>Reads the details of an error that a stub of this client threw.</summary>
    /// <param name="exception">The error of a generated stub.</param>
    public static P2PGrpcException From(RpcException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        var fault = Read(exception);
        fault.mayHaveHappened = fault.Reason switch
        {
            StoreHalted or TimedOut => true,
            NodeUnreachable => !NeverConnected(exception),
            _ => fault.StatusCode is StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled or StatusCode.DataLoss,
        };
        return fault;
    }

    /// <summary>This error, where an earlier attempt may have done what was asked for.</summary>
    internal P2PGrpcException AsUncertain()
    {
        mayHaveHappened = true;
        return this;
    }

    private static P2PGrpcException Read(RpcException exception)
    {
        var status = ReadDetails(exception);
        var info = status?.GetDetail<ErrorInfo>();
        if (info is null)
        {
            if (FindCause<TokenFileException>(exception) is { } unreadable)
                return new P2PGrpcException(StatusCode.Unauthenticated, TokenUnreadable, unreadable.Message, exception);
            if (FindCause<AuthenticationException>(exception) is { } refused)
                return DescribeTls(refused, exception);
            if (IsBrokenTransport(exception))
                return new P2PGrpcException(StatusCode.Unavailable, NodeUnreachable, DescribeTransport(exception), exception);
            if (exception.StatusCode == StatusCode.DeadlineExceeded)
                return new P2PGrpcException(
                    exception.StatusCode, TimedOut, "The node did not answer within the time limit of the call.", exception);
        }
        var delay = status?.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan();
        var detail = exception.Status.Detail is { Length: > 0 } text ? text : $"The node answered {exception.StatusCode}.";
        return new P2PGrpcException(exception.StatusCode, info?.Reason ?? "", detail, exception) { RetryDelay = delay };
    }

    // Malformed details must not hide the error that carried them.
    private static Google.Rpc.Status? ReadDetails(RpcException exception)
    {
        try
        {
            return exception.GetRpcStatus();
        }
        catch (Exception fault) when (fault is Google.Protobuf.InvalidProtocolBufferException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    // The framework has one exception for a certificate that is refused and for a server that answers without TLS.
    private static P2PGrpcException DescribeTls(AuthenticationException refused, RpcException exception) =>
        refused.Message.Contains("certificate", StringComparison.OrdinalIgnoreCase)
            ? new P2PGrpcException(
                StatusCode.Unauthenticated, "",
                $"The node's TLS certificate was not accepted: {CertificateRefusal.Explain(refused)} Name the certificate of its client endpoint (its "
                + "--api-cert); its port for peers shows another.",
                exception)
            : new P2PGrpcException(
                StatusCode.Unavailable, NodeUnreachable,
                "No TLS connection to the node came about: what answers there does not speak TLS, or has no version or cipher in common with this machine. If "
                + "it serves without TLS, write its address without https.", exception);

    // A connection that breaks in the middle of a call surfaces under several codes; the cause tells them from a node's own words.
    private static bool IsBrokenTransport(RpcException exception) =>
        FindCause<IOException>(exception) is not null
        || FindCause<HttpRequestException>(exception) is not null
        || FindCause<System.Net.Sockets.SocketException>(exception) is not null;

    // Which of the two it is when something else answers depends on whether its answer or the end of the connection is noticed first.
    private static bool IsHandshakeBroken(RpcException exception) =>
        FindCause<HttpRequestException>(exception)?.Message.Contains("HTTP/2 handshake", StringComparison.Ordinal) == true;

    private static bool NeverConnected(RpcException exception) =>
        IsHandshakeBroken(exception) ||
        FindCause<NodeNotFoundException>(exception) is not null
        || FindCause<AuthenticationException>(exception) is not null
        || FindCause<HttpRequestException>(exception) is { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };

    private static string DescribeTransport(RpcException exception)
    {
        if (FindCause<NodeNotFoundException>(exception) is { } notFound)
            return notFound.Message;
        if (FindCause<HttpIOException>(exception) is { HttpRequestError: HttpRequestError.InvalidResponse } || IsHandshakeBroken(exception))
            return "What answers there does not speak HTTP/2 in clear. Give the node's client endpoint, not its port for peers; if it serves by TLS, as https.";
        return FindCause<IOException>(exception) is { } broken
            ? $"The connection to the node broke: {broken.Message}"
            : $"The node can't be reached: {exception.Status.Detail}";
    }

    private static T? FindCause<T>(RpcException exception)
        where T : Exception
    {
        for (var cause = exception.Status.DebugException; cause is not null; cause = cause.InnerException)
        {
            if (cause is T found)
                return found;
        }
        return null;
    }
}
