namespace P2PGrpc.Client;

/// <summary>Which messages a handler gets. Conditions that are unset don't matter; all others must hold.</summary>
public sealed record MessageHandlerSettings
{
    internal static readonly MessageHandlerSettings Default = new();

    /// <summary>
    /// What the handler is called in logs and dead letters, at most 64 characters. No two handlers of a client have the same, since dead letters are replayed by it. Default:
    /// the name of the type that it handles; for a class "Class(Type)", or "Class" if it handles messages of any kind.
    /// </summary>
    public string? Name { get; init; }

    /// <summary>Only of the direct conversation with this peer: its alias or its PeerId, or "self".</summary>
    public string? Peer { get; init; }

    /// <summary>Only of this room: its local name, with '#' before it.</summary>
    public string? Room { get; init; }

    /// <summary>Only of this ConversationId.</summary>
    public string? Conversation { get; init; }

    /// <summary>Only of this content type, to the letter. Typed handlers look at it themselves.</summary>
    public string? ContentType { get; init; }

    /// <summary>Any further condition. It must be quick; an exception counts as one of the handler.</summary>
    public Func<ReceivedMessage, bool>? Where { get; init; }

    /// <summary>Says what is wrong with these settings; null if nothing is.</summary>
    internal string? FindFault()
    {
        if (Name?.Length == 0)
            return "The handler's name is empty.";
        if (Peer is not null && Room is not null)
            return "Peer and Room are both set, so no message would ever match: a handler is of a direct conversation, or of a room. Add two handlers.";
        return Room is not null && !Room.StartsWith('#') ? $"The room '{Room}' has no '#' before it, so no message would ever match: write '#{Room}'." : null;
    }

    internal bool Accepts(ReceivedMessage message) =>
        (Peer is null || (message.Room.Length == 0 && (Peer == message.Peer || (Peer == message.Author && message.Alias != "self"))))
        && (Room is null || Room == message.Room)
        && (Conversation is null || Conversation == message.Conversation)
        && (ContentType is null || ContentType == message.ContentType)
        && (Where is null || Where(message));
}
