using System.Collections.Concurrent;
using System.Globalization;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client.Tests.Fakes;

/// <summary>A node's memory as the tests need it: messages with positions, idempotency keys, consumers.</summary>
public sealed class FakeFeed
{
    public const string Log = "log";
    public const ulong Check = 0xC0FFEE;

    private readonly Lock gate = new();
    private readonly List<(MessageBatch Batch, bool Own)> entries = [];
    private readonly Dictionary<string, ulong> messageIds = [];
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConcurrentDictionary<string, ulong> Consumers { get; } = [];

    /// <summary>How many messages were taken, each counted once whatever its repetitions.</summary>
    public int Count
    {
        get
        {
            lock (gate)
                return entries.Count;
        }
    }

    public List<string> Texts
    {
        get
        {
            lock (gate)
                return [.. entries.Select(entry => entry.Batch.Messages[0].Content.Text)];
        }
    }

    public List<Content> Contents
    {
        get
        {
            lock (gate)
                return [.. entries.Select(entry => entry.Batch.Messages[0].Content)];
        }
    }

    /// <summary>Takes a message of this node's own; the same message_id again gives the same place.</summary>
    /// <returns>Its place, or null if the message_id was used for other content.</returns>
    public ulong? Append(Content content, string to = "bob")
    {
        lock (gate)
        {
            if (content.MessageId.Length > 0 && messageIds.TryGetValue(content.MessageId, out var known))
                return entries[(int)known - 1].Batch.Messages[0].Content.Equals(content) ? known : null;
            var position = Add(content, "self", own: true, ephemeral: false, to: to);
            if (content.MessageId.Length > 0)
                messageIds[content.MessageId] = position;
            return position;
        }
    }

    /// <summary>A message arrives from a peer.</summary>
    public void Receive(string text, string alias = "bob", ulong clock = 0) =>
        Receive(new Content { Text = text }, alias, clock);

    public void Receive(Content content, string alias = "bob", ulong clock = 0, bool ephemeral = false, string room = "")
    {
        lock (gate)
            Add(content, alias, own: false, ephemeral, clock, room.Length > 0 ? room : alias);
    }

    /// <summary>The next response for a subscriber, of one room if it names one, or null if there is nothing yet.</summary>
    public SubscribeResponse? Read(ulong after, bool includeOwn, string conversation, int most)
    {
        lock (gate)
        {
            if (after >= (ulong)entries.Count)
                return null;
            var response = new SubscribeResponse();
            var position = after;
            foreach (var (batch, own) in entries.Skip((int)after).Take(most))
            {
                position++;
                if ((!own || includeOwn) && (!conversation.StartsWith('#') || batch.Room == conversation))
                    response.Batches.Add(batch.Clone());
            }
            response.Cursor = new Cursor { Position = position, Check = Check };
            return response;
        }
    }

    /// <summary>What stands in a room, in order.</summary>
    public List<MessageBatch> InRoom(string room)
    {
        lock (gate)
            return [.. entries.Where(entry => entry.Batch.Room == room).Select(entry => entry.Batch.Clone())];
    }

    public ulong LastPosition
    {
        get
        {
            lock (gate)
                return (ulong)entries.Count;
        }
    }

    public Task Changed
    {
        get
        {
            lock (gate)
                return changed.Task;
        }
    }

    public static string Reference(ulong position) => string.Create(CultureInfo.InvariantCulture, $"{Log}/{position}");

    private ulong Add(Content content, string alias, bool own, bool ephemeral, ulong clock = 0, string to = "")
    {
        var position = (ulong)entries.Count + 1;
        var batch = new MessageBatch
        {
            Author = alias + "-id",
            Alias = alias,
            Peer = to.StartsWith('#') ? "" : to,
            Room = to.StartsWith('#') ? to : "",
            Conversation = "conversation",
            Log = ephemeral ? "" : Log,
            FirstSequence = ephemeral ? 0 : position,
            FirstPosition = ephemeral ? 0 : position,
            Check = ephemeral ? 0 : Check,
            Ephemeral = ephemeral,
        };
        batch.Messages.Add(new Entry { Clock = clock, Content = content.Clone() });
        entries.Add((batch, own));
        var waiting = changed;
        changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.SetResult();
        return position;
    }
}
