using P2PGrpc.Cli.Commands;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Rendering;

/// <summary>Invites for people.</summary>
internal static class InviteLines
{
    private const int LongestCell = 200;

    public static void Write(IReadOnlyList<Invite> invites, Surroundings surroundings) => Listing.Write(
        ["ALIAS", "GOOD FOR", "ID"],
        invites.Select(invite => new[] { invite.Alias.Length > 0 ? Clean(invite.Alias) : "-", GoodFor(invite), Clean(invite.Id) }),
        surroundings);

    /// <summary>How an invite is called in a sentence.</summary>
    public static string Call(Invite invite) => invite.Alias.Length > 0 ? $"for {Clean(invite.Alias)}" : Clean(invite.Id);

    /// <summary>How long the invite is good for yet.</summary>
    public static string GoodFor(Invite invite) => Durations.Describe(TimeSpan.FromSeconds(Math.Min(invite.ExpiresAfterSeconds, int.MaxValue)));

    private static string Clean(string text) => DisplayText.Clean(text, LongestCell);
}
