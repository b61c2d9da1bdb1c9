using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Wire;

/// <summary>What one side of a link exchanges on it.</summary>
/// <param name="Direct">The direct conversation of the two nodes.</param>
/// <param name="Rooms">For each room a proof that it is in it.</param>
internal sealed record LinkShares(bool Direct, IReadOnlySet<Bytes32> Rooms)
{
    public static LinkShares None { get; } = new(false, new HashSet<Bytes32>());
}

/// <summary>Shares on the wire. Pure.</summary>
internal static class SharesFrames
{
    /// <summary>Nothing said means nothing shared.</summary>
    public static bool TryRead(Shares? message, out LinkShares shares, out string fault)
    {
        shares = LinkShares.None;
        fault = "";
        if (message is null)
            return true;
        if (message.Rooms.Count > FrameLimits.Rooms)
        {
            fault = "it proves more rooms than a node may be in";
            return false;
        }

        var rooms = new HashSet<Bytes32>();
        foreach (var proof in message.Rooms)
        {
            if (!Bytes32.TryRead(proof.Span, out var value))
            {
                fault = "the proof of a room is malformed";
                return false;
            }

            rooms.Add(value);
        }

        shares = new LinkShares(message.Direct, rooms);
        return true;
    }

    public static Frame Write(LinkShares shares) => new() { Shares = WriteShares(shares) };

    public static Shares WriteShares(LinkShares shares)
    {
        var message = new Shares { Direct = shares.Direct };
        foreach (var proof in shares.Rooms)
            message.Rooms.Add(UnsafeByteOperations.UnsafeWrap(proof.ToArray()));
        return message;
    }
}
