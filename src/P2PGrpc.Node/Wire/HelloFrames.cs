using System.Text;
using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Invites;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Wire;

/// <summary>What a Hello says, sizes checked. The signature is not: see <see cref="HelloProof"/>.</summary>
/// <param name="Version">The version of the protocol that its sender speaks.</param>
/// <param name="Peer">Who the sender says it is.</param>
/// <param name="Nonce">32 bytes.</param>
/// <param name="Signature">64 bytes.</param>
/// <param name="Instance">New at each process start.</param>
/// <param name="Name">A suggested name without control characters, perhaps empty. Never identity.</param>
/// <param name="Heard">Which of the receiver's processes the sender has heard, and how far.</param>
/// <param name="Shares">What the sender exchanges on the link.</param>
/// <param name="Invite">The invite that the sender redeems, if it does.</param>
internal sealed record Greeting(
    uint Version, PeerId Peer, ReadOnlyMemory<byte> Nonce, ReadOnlyMemory<byte> Signature, ulong Instance, string Name, HeardPosition Heard,
    LinkShares Shares, InviteProof? Invite);

/// <summary>Challenge, Hello and Goodbye on the wire: the frames that begin and end a link. Pure.</summary>
internal static class HelloFrames
{
    public static bool TryRead(Challenge message, out ReadOnlyMemory<byte> nonce, out string fault)
    {
        nonce = message.Nonce.Memory;
        fault = nonce.Length == HelloProof.NonceLength ? "" : "a Challenge is malformed";
        return fault.Length == 0;
    }

    public static bool TryRead(Hello message, out Greeting? greeting, out string fault)
    {
        greeting = null;
        fault = "a Hello is malformed";
        if (!PeerId.TryRead(message.PeerId.Span, out var peer)
            || message.Nonce.Length != HelloProof.NonceLength
            || message.Signature.Length != IdentityKey.SignatureLength
            || message.Heard?.Position >= FrameLimits.Position
            || message.Invite.Length is not (0 or InviteProof.Length))
            return false;
        if (Encoding.UTF8.GetByteCount(message.Name) > FrameLimits.NameLength)
        {
            fault = "a Hello's name is too long";
            return false;
        }

        if (!SharesFrames.TryRead(message.Shares, out var shares, out fault))
            return false;
        greeting = new Greeting(
            message.Version, peer, message.Nonce.Memory, message.Signature.Memory, message.Instance,
            DisplayText.Clean(message.Name, FrameLimits.NameLength),
            message.Heard is { } heard ? new HeardPosition(heard.Instance, heard.Position, heard.Scope) : default,
            shares, InviteProof.Read(message.Invite.Memory));
        fault = "";
        return true;
    }

    /// <summary>Never refuses: a reason of a later version is read as unspecified, and the detail is cut and cleaned.</summary>
    public static (GoodbyeReason Reason, string Detail) Read(Goodbye message) => (
        Enum.IsDefined(message.Reason) ? message.Reason : GoodbyeReason.Unspecified,
        DisplayText.Clean(message.Detail, FrameLimits.DetailLength));

    /// <param name="nonce">32 bytes that are never changed again.</param>
    public static Frame WriteChallenge(ReadOnlyMemory<byte> nonce) =>
        new() { Challenge = new Challenge { Nonce = UnsafeByteOperations.UnsafeWrap(nonce) } };

    public static Frame Write(Greeting greeting) => new()
    {
        Hello = new Hello
        {
            Version = greeting.Version,
            PeerId = UnsafeByteOperations.UnsafeWrap(greeting.Peer.ToArray()),
            Nonce = UnsafeByteOperations.UnsafeWrap(greeting.Nonce),
            Signature = UnsafeByteOperations.UnsafeWrap(greeting.Signature),
            Instance = greeting.Instance,
            Name = greeting.Name,
            Heard = new Heard { Instance = greeting.Heard.Instance, Position = greeting.Heard.Position, Scope = greeting.Heard.Scope },
            Shares = SharesFrames.WriteShares(greeting.Shares),
            Invite = greeting.Invite is { } invite ? UnsafeByteOperations.UnsafeWrap(invite.ToArray()) : ByteString.Empty,
        },
    };

    public static Frame WriteGoodbye(GoodbyeReason reason, string detail) =>
        new() { Goodbye = new Goodbye { Reason = reason, Detail = DisplayText.Clean(detail, FrameLimits.DetailLength) } };
}
