using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;

namespace P2PGrpc.Node.Api;

/// <summary>Turns what the node throws into errors that help, for all methods of the client endpoint. Thread-safe.</summary>
internal sealed class ErrorInterceptor(ILogger<ErrorInterceptor> log) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            throw Map(error, context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            throw Map(error, context);
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(requestStream, responseStream, context).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            throw Map(error, context);
        }
    }

    private RpcException Map(Exception error, ServerCallContext context)
    {
        switch (error)
        {
            case RpcException mapped:
                return mapped;
            case NodeRequestException refused:
                return ErrorMapping.ToRpcException(refused);
            case PeerBookException refused:
                return ErrorMapping.ToRpcException(refused);
            case RoomBookException refused:
                return ErrorMapping.ToRpcException(refused);
            case StoreException failed:
                return ErrorMapping.ToRpcException(NodeRequestException.OfStore(failed));
            case OperationCanceledException:
                return new RpcException(new Status(StatusCode.Cancelled, "The call was cancelled."));
            case IOException when context.CancellationToken.IsCancellationRequested:
            case InvalidOperationException when context.CancellationToken.IsCancellationRequested:
                return new RpcException(new Status(StatusCode.Cancelled, "The call was cancelled."));
            default:
                ApiLog.Failed(log, error, context.Method);
                return ErrorMapping.ToRpcException(new NodeRequestException(
                    StatusCode.Internal, "INTERNAL", "Something went wrong in the node; its log says what. Please report it."));
        }
    }
}
