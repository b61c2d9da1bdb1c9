using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Conversations;

/// <summary>Takes messages in: checks them, has them put on disk, and waits for delivery if asked to. Thread-safe.</summary>
internal sealed class Sender(
    LogStore store, Recipients recipients, Receipts receipts, LinkTable links, EphemeralInbox inbox, DrainGate gate, TimeProvider time)
{
    private const string IdUsed = "MESSAGE_ID_USED";

    /// <summary>Messages that were not accepted, by the reasons that their senders were given.</summary>
    public ReasonCounts Refused { get; } = new("INVALID_FIELD", IdUsed, "STORE_FULL", "STORE_HALTED", DrainGate.Reason);

    /// <param name="request">What to send.</param>
    /// <param name="remaining">How long the caller waits; null for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the waiting. A message that was accepted stays accepted.</param>
    /// <exception cref="NodeRequestException">The message was not accepted, or (DEADLINE_EXCEEDED, CANCELLED) it is unknown whether it was.</exception>
    public async Task<SendResponse> SendAsync(SendRequest request, TimeSpan? remaining, CancellationToken cancellationToken)
    {
        Activity? span = null;
        try
        {
            var startedAt = time.GetTimestamp();
            Recipient recipient;
            MessageReference? reference;
            // Who waits for the delivery has left: the message counts as undelivered then.
            using (gate.Enter())
            {
                var content = ToContent(request);
                ContentRule.Check(content);
                CheckMode(request);
                recipient = await recipients.ResolveAsync(request.To, cancellationToken).ConfigureAwait(false);
                CheckWait(request, recipient);
                span = MessageSpans.Accept(content.Headers, KindOf(recipient));
                reference = await TakeAsync(request, content, recipient, cancellationToken).ConfigureAwait(false);
            }

            var response = reference is { } stored
                ? await AnswerAsync(request, recipient, stored, startedAt, remaining, cancellationToken).ConfigureAwait(false)
                : new SendResponse { State = DeliveryState.Sent };
            span?.SetTag("messaging.message.id", response.Reference);
            return response;
        }
        catch (NodeRequestException refused)
        {
            Refused.Add(refused.Reason);
            MessageSpans.Fail(span, refused);
            throw;
        }
        finally
        {
            span?.Dispose();
        }
    }

    /// <returns>Where it is stored; null for an ephemeral message, which is stored nowhere.</returns>
    private async Task<MessageReference?> TakeAsync(SendRequest request, Content content, Recipient recipient, CancellationToken cancellationToken)
    {
        if (request.Ephemeral)
        {
            SendEphemeral(recipient, [new OutgoingContent(default, content)]);
            return null;
        }

        var results = await AppendAsync(recipient, [new OutgoingContent(default, content)], cancellationToken).ConfigureAwait(false);
        return results[0].State == AppendState.Conflict ? throw Conflict(request.MessageId) : results[0].Reference;
    }

    private async Task<SendResponse> AnswerAsync(
        SendRequest request, Recipient recipient, MessageReference reference, long startedAt, TimeSpan? remaining, CancellationToken cancellationToken)
    {
        var delivered = recipient.Peer == recipients.Self;
        if (!delivered && request.WaitFor == DeliveryState.Delivered && recipient.Peer is { } peer)
        {
            var limit = remaining is { } all && all - time.GetElapsedTime(startedAt) - ContentLimits.DeadlineMargin(all) is var left && left < ContentLimits.DeliveryWait
                ? left
                : ContentLimits.DeliveryWait;
            delivered = await receipts.WaitAsync(peer, reference, limit, cancellationToken).ConfigureAwait(false);
        }

        return new SendResponse
        {
            Reference = reference.ToString(),
            State = delivered ? DeliveryState.Delivered : DeliveryState.Accepted,
        };
    }

    /// <summary>Takes one batch of a stream: what is wrong with single messages is in the answer, the others are accepted. Lets the batch go if it is done with.</summary>
    /// <exception cref="NodeRequestException">Nothing of the batch was accepted.</exception>
    public async Task<SendStreamResponse> SendBatchAsync(Recipient recipient, OutgoingBatch batch, CancellationToken cancellationToken)
    {
        using var span = MessageSpans.AcceptBatch(batch, KindOf(recipient), out var mark);
        try
        {
            using var passage = gate.Enter();
            return await TakeBatchAsync(recipient, batch, mark, cancellationToken).ConfigureAwait(false);
        }
        catch (NodeRequestException refused)
        {
            Refused.Add(refused.Reason, batch.Messages.Count);
            MessageSpans.Fail(span, refused);
            throw;
        }
    }

    private async Task<SendStreamResponse> TakeBatchAsync(Recipient recipient, OutgoingBatch batch, ActivityContext mark, CancellationToken cancellationToken)
    {
        if (batch.Messages.Count is 0 or > ContentLimits.BatchCount)
            throw NodeRequestException.Invalid("messages", $"A batch has 1 to {ContentLimits.BatchCount} messages; this one has {batch.Messages.Count}.");
        if (batch.Length > ContentLimits.BatchLength)
            throw NodeRequestException.Invalid("messages", $"A batch has at most {ContentLimits.BatchLength} bytes. Send it in smaller ones.");
        var response = new SendStreamResponse { Count = (uint)batch.Messages.Count };
        var taken = new List<OutgoingContent>(batch.Messages.Count);
        var places = new List<int>(batch.Messages.Count);
        for (var index = 0; index < batch.Messages.Count; index++)
            try
            {
                if (batch.Messages[index].Content is { } content)
                {
                    ContentRule.Check(content);
                    CheckMode(batch.Ephemeral, content.MessageId);
                }

                taken.Add(MessageSpans.Mark(batch.Messages[index], mark));
                places.Add(index);
            }
            catch (NodeRequestException refused)
            {
                Refused.Add(refused.Reason);
                response.Refused.Add(new Refusal { Index = (uint)index, Code = (int)refused.Status, Detail = refused.Message, Reason = refused.Reason });
            }

        if (taken.Count == 0)
            return response;
        if (batch.Ephemeral)
        {
            SendEphemeral(recipient, taken);
            batch.Release();
            return response;
        }

        Answer(response, await AppendAsync(recipient, taken, cancellationToken).ConfigureAwait(false), taken, places);
        // Not where it was cancelled or failed: the writer may still be at it.
        batch.Release();
        return response;
    }

    private void Answer(SendStreamResponse response, AppendResult[] results, List<OutgoingContent> taken, List<int> places)
    {
        ReferenceRun? run = null;
        var log = default(LogId);
        for (var at = 0; at < results.Length; at++)
        {
            var (state, reference) = results[at];
            if (state == AppendState.Conflict)
            {
                Refused.Add(IdUsed);
                response.Refused.Add(new Refusal
                {
                    Index = (uint)places[at],
                    Code = (int)StatusCode.AlreadyExists,
                    Detail = Conflict(taken[at].Content?.MessageId ?? "").Message,
                    Reason = IdUsed,
                });
                continue;
            }

            if (run is not null && log == reference.Log && run.FirstSequence + run.Count == reference.Sequence)
            {
                run.Count++;
                continue;
            }

            log = reference.Log;
            run = new ReferenceRun { Log = log.ToString(), FirstSequence = reference.Sequence, Count = 1 };
            response.Accepted.Add(run);
        }
    }

    private async Task<AppendResult[]> AppendAsync(Recipient recipient, List<OutgoingContent> contents, CancellationToken cancellationToken)
    {
        var drafts = new Draft[contents.Count];
        for (var index = 0; index < drafts.Length; index++)
            drafts[index] = contents[index].Content is { } content ? Encode(content) : new Draft(contents[index].Encoded, null);

        try
        {
            return await store.AppendAsync(recipient.Conversation, recipient.Admission, drafts, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException full) when (full.Failure == StoreFailure.Full)
        {
            throw new NodeRequestException(
                StatusCode.ResourceExhausted, "STORE_FULL", "The disk of this node is full: nothing was stored. Free some space; it goes on by itself.")
            {
                RetryAfter = TimeSpan.FromSeconds(5),
            };
        }
        catch (StoreException halted)
        {
            throw new NodeRequestException(
                StatusCode.Unavailable, "STORE_HALTED",
                $"The store of this node has stopped writing: {halted.Message} Whether this message was stored is unknown; repeat it with the same message_id.")
            {
                RetryAfter = TimeSpan.FromSeconds(5),
            };
        }
    }

    private static Draft Encode(Content content)
    {
        SortHeaders(content);
        var encoded = content.ToByteArray();
        return content.MessageId is { Length: > 0 } id ? new Draft(encoded, id, TraceHeaders.Without(content)) : new Draft(encoded, null);
    }

    private string KindOf(Recipient recipient) =>
        recipient.Room is not null ? ConversationKinds.Room : recipient.Peer == recipients.Self ? ConversationKinds.Self : ConversationKinds.Direct;

    /// <summary>Some clients write a map in another order each time: a repeated message must still be the same bytes.</summary>
    private static void SortHeaders(Content content)
    {
        if (content.Headers.Count < 2)
            return;
        var sorted = content.Headers.OrderBy(header => header.Key, StringComparer.Ordinal).ToArray();
        content.Headers.Clear();
        foreach (var (name, value) in sorted)
            content.Headers.Add(name, value);
    }

    private void SendEphemeral(Recipient recipient, List<OutgoingContent> contents)
    {
        var bodies = EncodeEphemeral(recipient.Conversation, contents);
        if (recipient.Peer == recipients.Self)
            bodies.ForEach(messages => inbox.Receive(recipients.Self, messages));
        else if (recipient.Peer is { } peer ? !links.TrySendEphemeral(peer, bodies) : !links.TrySendEphemeral(recipient.Conversation, bodies))
            throw new NodeRequestException(
                StatusCode.Unavailable, "PEER_NOT_LINKED",
                $"{(recipient.Peer is { } absent ? $"{recipients.Label(absent)} is not" : $"No member of {recipient.Room!.Label} is")} linked now, and an ephemeral message "
                + "waits for nobody. Send it without 'ephemeral' to have it kept.")
            {
                RetryAfter = TimeSpan.FromSeconds(1),
            };
    }

    private List<EphemeralBody> EncodeEphemeral(ConversationId conversation, List<OutgoingContent> contents)
    {
        var clock = HybridClock.ToStamp(time.GetUtcNow());
        var bodies = new List<EphemeralBody>();
        var (entries, body) = (new EntryWriter(), new SegmentBodyBuilder());
        foreach (var content in contents)
        {
            var entry = content.Content is { } message ? entries.Write(clock, message) : entries.Write(clock, content.Encoded.Span);
            if (body.Count == FrameLimits.EphemeralEntries || (body.Count > 0 && body.Length + entry.Length > LinkLimits.EphemeralFrame))
                Close();
            body.TryAdd(entry);
        }

        Close();
        return bodies;

        void Close()
        {
            var count = body.Count;
            bodies.Add(new EphemeralBody(conversation, body.Build(), count));
        }
    }

    private static Content ToContent(SendRequest request)
    {
        var content = new Content { ContentType = request.ContentType, MessageId = request.MessageId };
        content.Headers.Add(request.Headers);
        switch (request.BodyCase)
        {
            case SendRequest.BodyOneofCase.Text:
                content.Text = request.Text;
                break;
            case SendRequest.BodyOneofCase.Data:
                content.Data = request.Data;
                break;
        }

        return content;
    }

    private static void CheckMode(SendRequest request)
    {
        if (request.WaitFor is not (DeliveryState.Unspecified or DeliveryState.Accepted or DeliveryState.Delivered))
            throw NodeRequestException.Invalid("wait_for", "wait_for is DELIVERY_STATE_ACCEPTED or DELIVERY_STATE_DELIVERED.");
        if (request.Ephemeral && request.WaitFor != DeliveryState.Unspecified)
            throw NodeRequestException.Invalid("wait_for", "An ephemeral message is never stored, so there is nothing to wait for.");
        CheckMode(request.Ephemeral, request.MessageId);
    }

    private static void CheckWait(SendRequest request, Recipient recipient)
    {
        if (recipient.Room is not null && request.WaitFor == DeliveryState.Delivered)
            throw NodeRequestException.Invalid(
                "wait_for", "A room has no one recipient whose disk could be waited for. Send it without waiting (wait_for, --wait): it is kept, and handed on to all.");
    }

    private static void CheckMode(bool ephemeral, string messageId)
    {
        if (ephemeral && messageId.Length > 0)
            throw NodeRequestException.Invalid("message_id", "An ephemeral message is not remembered, so a message_id can't make its retry safe.");
    }

    private static NodeRequestException Conflict(string messageId) => new(
        StatusCode.AlreadyExists, IdUsed,
        "This message_id was used within the last 7 days for another message or recipient. Give each message an id of its own.")
    {
        Resource = messageId,
    };
}
