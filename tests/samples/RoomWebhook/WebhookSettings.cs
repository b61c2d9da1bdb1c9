namespace RoomWebhook;

/// <summary>Where the messages of the room go.</summary>
internal sealed class WebhookSettings
{
    /// <summary>Where to post.</summary>
    public required Uri Url { get; set; }

    /// <summary>What both sides know: each post is signed with it.</summary>
    public required string Secret { get; set; }

    /// <summary>The room, as it is called at the node, with '#' before it.</summary>
    public required string Room { get; set; }
}
