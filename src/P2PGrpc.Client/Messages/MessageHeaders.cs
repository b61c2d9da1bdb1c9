namespace P2PGrpc.Client;

/// <summary>Names of message headers that this client gives a meaning to.</summary>
public static class MessageHeaders
{
    /// <summary>The PeerId of the node that waits for a reply. Only requests have it.</summary>
    public const string ReplyTo = "reply-to";

    /// <summary>What a request and its reply have in common.</summary>
    public const string CorrelationId = "correlation-id";

    /// <summary>
    /// Until when the requester waits for the reply, in milliseconds since 1970 by its clock. Requests without a time limit don't have it. Handlers of requests pass over one
    /// that comes to them more than a minute after that.
    /// </summary>
    public const string ReplyBy = "reply-by";

    /// <summary>The reference of the request that a message is the reply to. Only replies have it.</summary>
    public const string InReplyTo = "in-reply-to";

    /// <summary>The reason of a request that failed, an upper-case name; the reply's text says more. Only replies that are errors have it.</summary>
    public const string ReplyError = "reply-error";

    /// <summary>The short name of the type that a JSON message is of, by which handlers tell JSON messages apart. A message without it is offered to all of them.</summary>
    public const string MessageType = "message-type";

    /// <summary>The reference of the message that a dead letter is a copy of. Only dead letters have it.</summary>
    public const string DeadLetterReference = "dead-letter-reference";

    /// <summary>The PeerId of that message's author.</summary>
    public const string DeadLetterAuthor = "dead-letter-author";

    /// <summary>The local alias of that author, as <see cref="ReceivedMessage.Alias"/> was.</summary>
    public const string DeadLetterAlias = "dead-letter-alias";

    /// <summary>The ConversationId of that message.</summary>
    public const string DeadLetterConversation = "dead-letter-conversation";

    /// <summary>Where that message was said: "#room", or the alias or PeerId of the other side.</summary>
    public const string DeadLetterFrom = "dead-letter-from";

    /// <summary>The idempotency key of that message, if it had one.</summary>
    public const string DeadLetterMessageId = "dead-letter-message-id";

    /// <summary>The handler that failed.</summary>
    public const string DeadLetterHandler = "dead-letter-handler";

    /// <summary>The consumer whose handler it is.</summary>
    public const string DeadLetterConsumer = "dead-letter-consumer";

    /// <summary>How often it was tried.</summary>
    public const string DeadLetterAttempts = "dead-letter-attempts";

    /// <summary>The last error: its type and its message.</summary>
    public const string DeadLetterError = "dead-letter-error";

    /// <summary>How many of the message's own headers found no room beside these.</summary>
    public const string DeadLetterHeadersLeftOut = "dead-letter-headers-left-out";

    /// <summary>The reference of a dead letter that was replayed or discarded. Only the marks of that have it.</summary>
    public const string DeadLetterResolved = "dead-letter-resolved";

    /// <summary>The reference of a dead letter whose handler shall run once more. Only messages that ask for that have it; the node's owner writes them into the room for dead letters.</summary>
    public const string DeadLetterReplay = "dead-letter-replay";

    /// <summary>The reference of a dead letter whose handler was run once more, and failed; the message's text says why. Only the answers to such messages have it.</summary>
    public const string DeadLetterReplayFailed = "dead-letter-replay-failed";

    /// <summary>What tells the messages of a room for dead letters from others.</summary>
    internal static readonly string[] OfDeadLetterRooms = [DeadLetterReference, DeadLetterResolved, DeadLetterReplay, DeadLetterReplayFailed];
}
