using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Invites;

/// <summary>The log lines of invites.</summary>
internal static partial class InviteLog
{
    [LoggerMessage(1500, LogLevel.Warning, "For how long the node has been running could not be kept: {Detail}. If it is killed now, open invites are good for longer.")]
    public static partial void TimeNotKept(ILogger log, string detail);

    [LoggerMessage(1501, LogLevel.Warning, "The invite of {Inviter} has let this node in, but could not be forgotten: {Detail}. It is shown again, to no effect.")]
    public static partial void NotForgotten(ILogger log, PeerId inviter, string detail);
}
