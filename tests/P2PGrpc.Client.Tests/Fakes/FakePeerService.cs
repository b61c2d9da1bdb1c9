using System.Collections.Concurrent;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using P2PGrpc.Protocol;
using Status = Google.Rpc.Status;

namespace P2PGrpc.Client.Tests.Fakes;

/// <summary>A PeerService that obeys the protocol, and misbehaves when told so.</summary>
public sealed class FakePeerService(FakeFeed feed) : PeerService.PeerServiceBase
{
    private int unavailable;
    private int breaks;
    private int breakAfter;

    public ConcurrentQueue<SendRequest> Sends { get; } = [];

    public ConcurrentQueue<SubscribeRequest> Subscribes { get; } = [];

    public ConcurrentQueue<AcknowledgeRequest> Acknowledges { get; } = [];

    /// <summary>The rooms that the node is in, as "#name".</summary>
    public ConcurrentDictionary<string, bool> Rooms { get; } = [];

    public int Batches { get; private set; }

    public int Streams { get; private set; }

    /// <summary>What to answer to DELIVERED.</summary>
    public DeliveryState Delivers { get; set; } = DeliveryState.Delivered;

    /// <summary>The error that all sends get, if any.</summary>
    public RpcException? Refuses { get; set; }

    /// <summary>The error that a message gets, if any.</summary>
    public Func<SendRequest, RpcException?> RefusesMessage { get; set; } = _ => null;

    /// <summary>The error that all acknowledgements get, if any.</summary>
    public RpcException? RefusesAcknowledges { get; set; }

    public Task Hold { get; set; } = Task.CompletedTask;

    /// <summary>The next calls are answered UNAVAILABLE.</summary>
    public void BeUnavailable(int times) => unavailable = times;

    /// <summary>The next streams are reset after so many responses; a batch read last is taken before.</summary>
    public void BreakStreams(int times, int after)
    {
        breakAfter = after;
        breaks = times;
    }

    public static RpcException Refusal(Code code, string reason, string detail) => new Status
    {
        Code = (int)code,
        Message = detail,
        Details = { Any.Pack(new ErrorInfo { Reason = reason, Domain = "p2pgrpc" }) },
    }.ToRpcException();

    public override async Task<SendResponse> Send(SendRequest request, ServerCallContext context)
    {
        Sends.Enqueue(request);
        CheckAvailable();
        if ((Refuses ?? RefusesMessage(request)) is { } refusal)
            throw refusal;
        await Hold.WaitAsync(context.CancellationToken);
        if (request.Ephemeral)
            return new SendResponse { State = DeliveryState.Sent };
        var content = new Content { ContentType = request.ContentType, MessageId = request.MessageId, Headers = { request.Headers } };
        if (request.BodyCase == SendRequest.BodyOneofCase.Data)
            content.Data = request.Data;
        else
            content.Text = request.Text;
        if (request.To.StartsWith('#') && !Rooms.ContainsKey(request.To))
            throw Refusal(Code.NotFound, "ROOM_UNKNOWN", $"This node is in no room {request.To}.");
        var position = feed.Append(content, request.To)
            ?? throw Refusal(Code.AlreadyExists, "MESSAGE_ID_REUSED", "The message_id stands for other content.");
        var state = request.WaitFor == DeliveryState.Delivered ? Delivers : DeliveryState.Accepted;
        return new SendResponse { Reference = FakeFeed.Reference(position), State = state };
    }

    public override async Task SendStream(
        IAsyncStreamReader<SendStreamRequest> requestStream, IServerStreamWriter<SendStreamResponse> responseStream, ServerCallContext context)
    {
        Streams++;
        CheckAvailable();
        var to = "";
        var answered = 0;
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            Batches++;
            to = request.To.Length > 0 ? request.To : to;
            if (to.Length == 0)
                throw Refusal(Code.InvalidArgument, "TO_MISSING", "to is missing");
            if (to == "nobody")
                throw Refusal(Code.NotFound, "PEER_UNKNOWN", "nobody is unknown");
            await Hold.WaitAsync(context.CancellationToken);
            var response = Take(request);
            Break(context, answered);
            await responseStream.WriteAsync(response, context.CancellationToken);
            answered++;
        }
    }

    public override async Task Subscribe(
        SubscribeRequest request, IServerStreamWriter<SubscribeResponse> responseStream, ServerCallContext context)
    {
        Subscribes.Enqueue(request.Clone());
        CheckAvailable();
        if (request.Conversation == "nobody")
            throw Refusal(Code.NotFound, "PEER_UNKNOWN", "nobody is unknown; near names: bob");
        if (request.Conversation.StartsWith('#') && !Rooms.ContainsKey(request.Conversation))
            throw Refusal(Code.NotFound, "ROOM_UNKNOWN", $"This node is in no room {request.Conversation}.");
        var position = Start(request);
        var end = feed.LastPosition;
        var caughtUp = false;
        for (var answered = 0; ; answered++)
        {
            var changed = feed.Changed;
            var response = feed.Read(position, request.IncludeOwn, request.Conversation, most: 3);
            if (response is null && caughtUp)
            {
                await changed.WaitAsync(context.CancellationToken);
                continue;
            }
            response ??= new SubscribeResponse { Cursor = new Cursor { Position = position, Check = FakeFeed.Check } };
            position = response.Cursor.Position;
            caughtUp = response.CaughtUp = caughtUp || position >= end;
            Break(context, answered);
            await responseStream.WriteAsync(response, context.CancellationToken);
        }
    }

    public override Task<AcknowledgeResponse> Acknowledge(AcknowledgeRequest request, ServerCallContext context)
    {
        Acknowledges.Enqueue(request);
        CheckAvailable();
        if (RefusesAcknowledges is { } refusal)
            throw refusal;
        feed.Consumers[request.Consumer] = request.Cursor.Position;
        return Task.FromResult(new AcknowledgeResponse());
    }

    private SendStreamResponse Take(SendStreamRequest request)
    {
        var response = new SendStreamResponse { Count = (uint)request.Messages.Count };
        for (var index = 0; index < request.Messages.Count; index++)
        {
            var content = request.Messages[index];
            if (content.Text == "bad")
                response.Refused.Add(new Refusal { Index = (uint)index, Code = (int)Code.InvalidArgument, Detail = "bad is refused", Reason = "INVALID_FIELD" });
            else if (!request.Ephemeral)
                response.Accepted.Add(new ReferenceRun { Log = FakeFeed.Log, FirstSequence = feed.Append(content)!.Value, Count = 1 });
        }
        return response;
    }

    private ulong Start(SubscribeRequest request) => request.StartCase switch
    {
        SubscribeRequest.StartOneofCase.After => request.After.Position,
        _ when feed.Consumers.TryGetValue(request.Consumer, out var known) => known,
        SubscribeRequest.StartOneofCase.StartAt when request.StartAt == StartAt.Start => 0,
        _ => feed.LastPosition,
    };

    private void CheckAvailable()
    {
        if (Interlocked.Decrement(ref unavailable) >= 0)
            throw new RpcException(new Grpc.Core.Status(StatusCode.Unavailable, "starting"));
    }

    private void Break(ServerCallContext context, int answered)
    {
        if (answered < breakAfter || Interlocked.Decrement(ref breaks) < 0)
            return;
        context.GetHttpContext().Abort();
        throw new OperationCanceledException();
    }
}
