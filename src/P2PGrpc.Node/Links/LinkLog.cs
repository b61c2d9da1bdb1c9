using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Links;

/// <summary>Log lines of links. All texts of peers are cleaned before they get here.</summary>
internal static partial class LinkLog
{
    [LoggerMessage(1100, LogLevel.Information, "Link up with {Peer} {Alias} at {Address} (dialled here: {Dialled}).")]
    public static partial void Up(ILogger logger, PeerId peer, string alias, string address, bool dialled);

    [LoggerMessage(1101, LogLevel.Information, "Link down with {Peer} {Alias}: {Reason}.")]
    public static partial void Down(ILogger logger, PeerId peer, string alias, string reason);

    [LoggerMessage(1102, LogLevel.Warning, "Two running processes use the identity {Peer}.")]
    public static partial void IdentityUsedTwice(ILogger logger, PeerId peer);

    [LoggerMessage(1103, LogLevel.Information, "{Peer} at {Address} knocked. To let it in: p2pgrpc peers accept {PeerAgain}")]
    public static partial void Knocked(ILogger logger, PeerId peer, string address, PeerId peerAgain);

    [LoggerMessage(1104, LogLevel.Warning, "{Label} at {Address} shows another identity than the one pinned: expected {Expected}, found {Found}.")]
    public static partial void IdentityChanged(ILogger logger, string label, string address, string expected, string found);

    [LoggerMessage(1105, LogLevel.Information, "{Label} at {Address} is {Peer}, pinned.")]
    public static partial void Pinned(ILogger logger, string label, string address, PeerId peer);

    [LoggerMessage(1106, LogLevel.Debug, "Dialling {Label} at {Address} failed: {Reason}")]
    public static partial void DialFailed(ILogger logger, string label, string address, string reason);

    [LoggerMessage(1109, LogLevel.Information, "{Label} has come in by an invite.")]
    public static partial void CameByInvite(ILogger logger, string label);

    [LoggerMessage(1108, LogLevel.Error, "An internal error ended the link with {Peer}.")]
    public static partial void Broken(ILogger logger, Exception unexpected, PeerId peer);

    [LoggerMessage(1112, LogLevel.Information, "{Label} at {Address} is this node itself: it is no peer, and not dialled there again.")]
    public static partial void FoundItself(ILogger logger, string label, string address);

    [LoggerMessage(1111, LogLevel.Error, "An internal error kept this node from seeing to its neighbours in rooms; it tries again.")]
    public static partial void OverlayBroken(ILogger logger, Exception unexpected);

    [LoggerMessage(1110, LogLevel.Warning, "What members told of their addresses could not be kept: {Reason}")]
    public static partial void MembersNotKept(ILogger logger, string reason);

    [LoggerMessage(1113, LogLevel.Warning, "Not let in at {Address}: {Advice}")]
    public static partial void NotAdmitted(ILogger logger, string address, string advice);

    [LoggerMessage(1107, LogLevel.Error, "The loop that dials {Label} has broken; it starts again.")]
    public static partial void DiallerBroken(ILogger logger, Exception broken, string label);
}
