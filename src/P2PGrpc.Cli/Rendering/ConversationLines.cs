using System.Globalization;
using P2PGrpc.Client;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Rendering;

/// <summary>The conversations of a node.</summary>
internal static class ConversationLines
{
    private const int LongestText = 40;

    public static void Write(IReadOnlyList<Conversation> conversations, Surroundings surroundings) => Listing.Write(
        ["CONVERSATION", "UNREAD", "MESSAGES", "TO COME", "LAST", "TEXT"],
        conversations.Select(conversation =>
        {
            var last = conversation.Last is { } batch ? ReceivedMessage.Read([batch]).FirstOrDefault() : null;
            return new[]
            {
                Call(conversation),
                conversation.Unread.ToString(CultureInfo.InvariantCulture),
                conversation.Messages.ToString(CultureInfo.InvariantCulture),
                conversation.Missing.ToString(CultureInfo.InvariantCulture),
                last is null ? "-" : new MessageLines(surroundings.Time).Moment(last.Time),
                last is null ? "-" : DisplayText.Clean(last.Text ?? $"[{last.ContentType}]", LongestText),
            };
        }),
        surroundings);

    /// <summary>How a conversation is called, in a way that commands take.</summary>
    public static string Call(Conversation conversation)
    {
        var name = conversation.Room.Length > 0 ? conversation.Room : conversation.Peer.Length > 0 ? conversation.Peer : conversation.Conversation_;
        return DisplayText.Clean(name, name.Length);
    }
}
