using Google.Rpc;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace P2PGrpc.Client.Tests.Fakes;

/// <summary>Asks for the token wherever a call comes by TCP.</summary>
public sealed class TokenCheck(string token) : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Check(context);
        return continuation(request, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Check(context);
        return continuation(request, responseStream, context);
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Check(context);
        return continuation(requestStream, responseStream, context);
    }

    private void Check(ServerCallContext context)
    {
        var local = context.GetHttpContext().Connection.LocalIpAddress is null;
        if (!local && context.RequestHeaders.GetValue("authorization") != "Bearer " + token)
            throw FakePeerService.Refusal(Code.Unauthenticated, "TOKEN_MISSING", "The token is missing or wrong.");
    }
}
