using Grpc.Core;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;
using LogKey = P2PGrpc.Core.Logs.LogKey;

namespace P2PGrpc.Node.Api;

/// <summary>Says where a message is, who has acknowledged it, what was tried, and when the next attempt is. Thread-safe.</summary>
internal sealed class MessageExplanation(
    LogStore store, Recipients recipients, PeerBook book, LinkTable links, Diallers diallers, ReplicationLoop replication, RoomAdministration rooms, TimeProvider time)
{
    /// <summary>Members that are named.</summary>
    private const int MostRecipients = 1000;

    /// <param name="text">A reference or a message_id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="NodeRequestException">INVALID_ARGUMENT, or NOT_FOUND.</exception>
    public async Task<ExplainMessageResponse> ExplainAsync(string text, CancellationToken cancellationToken)
    {
        if (text.Length == 0)
            throw NodeRequestException.Invalid("message", "The message is missing. Give its reference, as Send answers it (log/sequence), or its message_id.");
        if (MessageLookup.Parse(store, text) is not { } reference || MessageLookup.Find(store, reference) is not { } place)
            throw Unknown(text);
        var key = place.Log;
        var room = recipients.RoomLabelOf(key.Conversation);
        var answer = new ExplainMessageResponse
        {
            Reference = reference.ToString(),
            Author = key.Author.ToString(),
            Alias = recipients.AliasOf(key.Author),
            Conversation = key.Conversation.ToString(),
            Room = room,
            Peer = room.Length > 0 ? "" : recipients.LabelOf(key.Conversation),
            Position = place.FirstPosition + (reference.Sequence - place.FirstSequence),
            Frozen = place.Frozen,
        };
        Describe(answer, place, reference);
        var backlog = await replication.MeasureAsync(key.Conversation, [key], cancellationToken).ConfigureAwait(false);
        var holdings = backlog.Holdings.GetValueOrDefault(reference.Log) ?? new Dictionary<PeerId, ulong>();
        answer.Recipients.Add(FindRecipients(answer, key).Take(MostRecipients).Select(peer => Describe(peer, key, reference, holdings)));
        answer.HeldElsewhere = key.Author != recipients.Self || answer.Recipients.Any(recipient => recipient.Acknowledgement == Acknowledgement.Given)
            || (room.Length > 0 && store.GetAcknowledged(recipients.Self, reference.Log) >= reference.Sequence);
        return answer;
    }

    private void Describe(ExplainMessageResponse answer, MessagePlace place, MessageReference reference)
    {
        answer.FirstSequence = place.FirstSequence;
        answer.Body = BodyState.Damaged;
        if (store.ReadFeed(place.FirstPosition - 1, 1, LogLimits.BodyLength).Segments is not [var segment, ..] || segment.FirstPosition != place.FirstPosition)
            return;
        answer.Segment = segment.Header.Hash.ToString();
        answer.Count = (uint)segment.Header.Count;
        answer.Body = segment.Erased ? BodyState.Erased : BodyState.Held;
        if (segment.Erased || SegmentBodyReader.ReadOne(segment.Header, segment.Body, (int)(reference.Sequence - place.FirstSequence)) is not { } entry)
            return;
        answer.TimeMs = (ulong)Math.Max(0, HybridClock.ToTime(entry.Clock).ToUnixTimeMilliseconds());
        answer.MessageId = entry.Content?.MessageId ?? "";
    }

    private IEnumerable<PeerId> FindRecipients(ExplainMessageResponse answer, LogKey key)
    {
        if (answer.Room.Length > 0)
            return rooms.ListSeen(key.Conversation).Where(peer => peer != recipients.Self);
        // The id of a direct conversation is a hash of the two: whose it is shows only by trying.
        return key.Author != recipients.Self
            ? [key.Author]
            : book.Snapshot.Records.Values.Select(record => record.PeerId).OfType<PeerId>().Where(peer => recipients.DirectWith(peer) == key.Conversation);
    }

    private MessageRecipient Describe(PeerId peer, LogKey key, MessageReference reference, IReadOnlyDictionary<PeerId, ulong> holdings)
    {
        var record = book.Snapshot.Find(peer);
        var session = links.Find(peer);
        var holds = Math.Max(holdings.GetValueOrDefault(peer), key.Author == recipients.Self ? store.GetAcknowledged(peer, reference.Log) : 0);
        var isDirect = key.Conversation == recipients.DirectWith(peer);
        var described = new MessageRecipient
        {
            PeerId = peer.ToString(),
            Alias = recipients.AliasOf(peer),
            HoldsThrough = holds,
            Acknowledgement = holds >= reference.Sequence || peer == key.Author ? Acknowledgement.Given
                : isDirect || holdings.ContainsKey(peer) ? Acknowledgement.NotGiven : Acknowledgement.NotKnown,
            Linked = session is not null,
            Blocked = record?.Admission == Admission.Blocked,
        };
        if (session is not null)
            return described;
        if (diallers.Find(peer.ToString()) is not { } dialling)
        {
            described.WithoutAddress = true;
            return described;
        }

        described.LastError = DisplayText.Clean(dialling.LastError, 400);
        described.Failures = (uint)dialling.Failures;
        if (dialling.TriedAt is { } tried && time.GetElapsedTime(tried) is var ago)
        {
            described.TriedBeforeMs = (ulong)Math.Max(0, ago.TotalMilliseconds);
            described.NextInMs = (ulong)Math.Max(0, (dialling.Pause - ago).TotalMilliseconds);
        }

        return described;
    }

    private static NodeRequestException Unknown(string text)
    {
        var shown = DisplayText.Clean(text, 120);
        return new NodeRequestException(
            StatusCode.NotFound, "MESSAGE_UNKNOWN",
            MessageReference.TryParse(text, out _)
                ? $"This node holds no message {shown}. Ask the node that sent it, or one that shall have it."
                : $"'{shown}' is no reference (log/sequence, as 'send' prints it), and no message_id that was used here in the last 7 days.")
        {
            Resource = shown,
        };
    }
}
