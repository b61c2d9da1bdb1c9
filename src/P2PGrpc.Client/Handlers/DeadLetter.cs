using System.Globalization;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>A message whose handler failed for good, as it is kept in the room for dead letters. Immutable.</summary>
public sealed class DeadLetter
{
    private DeadLetter(ReceivedMessage copy) => Copy = copy;

    /// <summary>The message of the room: the body and the headers of the message, and what <see cref="MessageHeaders"/> names of it.</summary>
    public ReceivedMessage Copy { get; }

    /// <summary>The dead letter's own reference.</summary>
    public string Reference => Copy.Reference;

    /// <summary>When it was written.</summary>
    public DateTimeOffset Time => Copy.Time;

    /// <summary>The reference of the message.</summary>
    public string MessageReference => Header(MessageHeaders.DeadLetterReference);

    /// <summary>The PeerId of the message's author.</summary>
    public string Author => Header(MessageHeaders.DeadLetterAuthor);

    /// <summary>Where it was said: "#room", or the alias or PeerId of the other side.</summary>
    public string From => Header(MessageHeaders.DeadLetterFrom);

    /// <summary>The handler that failed.</summary>
    public string Handler => Header(MessageHeaders.DeadLetterHandler);

    /// <summary>The consumer whose handler it is.</summary>
    public string Consumer => Header(MessageHeaders.DeadLetterConsumer);

    /// <summary>How often it was tried; 0 if that can't be read.</summary>
    public int Attempts => int.TryParse(Header(MessageHeaders.DeadLetterAttempts), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;

    /// <summary>The last error: its type and its message.</summary>
    public string Error => Header(MessageHeaders.DeadLetterError);

    /// <summary>Whether the copy is the whole message. Where it is not, headers found no room in it, or nothing of the message could be copied and a text says so: then it can't be replayed.</summary>
    public bool IsComplete => !Copy.Headers.ContainsKey(MessageHeaders.DeadLetterHeadersLeftOut);

    /// <summary>The message's own headers.</summary>
    public IReadOnlyDictionary<string, string> Headers =>
        Copy.Headers.Where(header => !header.Key.StartsWith("dead-letter-", StringComparison.Ordinal)).ToDictionary(StringComparer.Ordinal);

    /// <summary>Reads a message as a dead letter; null if it is none.</summary>
    internal static DeadLetter? TryRead(ReceivedMessage message) =>
        message.Headers.ContainsKey(MessageHeaders.DeadLetterReference) ? new DeadLetter(message) : null;

    /// <summary>The message as its handler saw it, without a place in the feed.</summary>
    internal ReceivedMessage Restore()
    {
        var reference = MessageReference;
        var slash = reference.LastIndexOf('/');
        var batch = new MessageBatch
        {
            Author = Author,
            Conversation = Header(MessageHeaders.DeadLetterConversation),
            Log = slash < 0 ? reference : reference[..slash],
            FirstSequence = slash >= 0 && ulong.TryParse(reference.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) ? sequence : 0,
        };
        if (From.StartsWith('#'))
            batch.Room = From;
        else
            batch.Peer = From;
        // Older letters don't have it. Conditions of handlers may ask for it.
        batch.Alias = Copy.Headers.GetValueOrDefault(MessageHeaders.DeadLetterAlias, batch.Peer);
        var content = new Content { ContentType = Copy.ContentType, MessageId = Header(MessageHeaders.DeadLetterMessageId) };
        if (Copy.Text is { } text)
            content.Text = text;
        else
            content.Data = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(Copy.Data);
        foreach (var (name, value) in Headers)
            content.Headers[name] = value;
        batch.Messages.Add(new Entry { Clock = (ulong)Copy.Time.ToUnixTimeMilliseconds() << 16, Content = content });
        return ReceivedMessage.Read(batch).Single();
    }

    private string Header(string name) => Copy.Headers.GetValueOrDefault(name, "");
}
