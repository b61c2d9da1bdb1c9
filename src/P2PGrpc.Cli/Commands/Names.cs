using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;

namespace P2PGrpc.Cli.Commands;

/// <summary>Names for peers and rooms on the command line. By the node's own rule, so that a name that can't be taken costs no call.</summary>
internal static class Names
{
    /// <summary>The rule, for helps.</summary>
    public const string Form = "1 to 32 of a-z, 0-9, _ and -, a letter first, and not 'self'";

    /// <summary>A peer's name.</summary>
    /// <param name="what">What it was given as, to begin a sentence with.</param>
    /// <param name="given">The name; null if none was given, for which the answer is empty.</param>
    /// <exception cref="CommandException">It is none.</exception>
    public static string CheckPeer(string what, string? given) => given is null || Alias.IsValid(given) ? given ?? "" : throw Fault(what, given);

    /// <summary>The same for a room's name, which may have its sign before it.</summary>
    public static string CheckRoom(string what, string? given) =>
        given is null || Alias.IsValid(given.StartsWith(RoomRecord.Sign) ? given[1..] : given) ? given ?? "" : throw Fault(what, given);

    private static CommandException Fault(string what, string given) => CommandException.Usage($"{what} '{given}': a name is {Form}.");
}
