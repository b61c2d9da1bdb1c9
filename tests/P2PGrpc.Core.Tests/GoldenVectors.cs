using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using P2PGrpc.Core.Discovery;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Invites;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Core.Rooms;

namespace P2PGrpc.Core.Tests;

/// <summary>Computes testdata/vectors.json from fixed seeds. Bytes are in hex, 64-bit numbers are text, so that every language reads them exactly.</summary>
internal static class GoldenVectors
{
    private const ulong Epoch = 0xF00DFACE12345678;

    private static readonly IdentityKey Alice = FromNumber(1);
    private static readonly IdentityKey Bob = FromNumber(2);

    public static string Write()
    {
        var vectors = new JsonObject
        {
            ["base32"] = new JsonArray(new[] { "", "00", "ff", "0102030405", new string('a', 64) }.Select(WriteBase32).ToArray<JsonNode>()),
            ["peers"] = new JsonArray(Enumerable.Range(0, 4).Select(WritePeer).ToArray<JsonNode>()),
            ["direct_conversations"] = new JsonArray(WriteDirect(Alice, Bob), WriteDirect(Bob, Alice), WriteDirect(Alice, Alice)),
            ["logs"] = new JsonArray(WriteLog(0), WriteLog(1), WriteLog(ulong.MaxValue)),
            ["openings"] = new JsonArray(WriteOpening(new Protocol.Opening()), WriteOpening(SomeOpening())),
            ["bodies"] = new JsonArray(Bodies().Select(WriteBody).ToArray<JsonNode>()),
            ["chain"] = WriteChain(),
            ["fork"] = WriteFork(),
            ["scopes"] = new JsonArray(WriteScope([]), WriteScope([Direct(Alice, Bob), Direct(Alice, Alice)]), WriteScope([Direct(Alice, Alice), Direct(Alice, Bob)])),
            ["rooms"] = new JsonArray(WriteRoom(3), WriteRoom(4)),
            ["invites"] = new JsonArray(WriteInvite(5), WriteInvite(6)),
            ["lan_announcements"] = new JsonArray(WriteAnnouncement(5555, 1), WriteAnnouncement(65535, ulong.MaxValue)),
            ["address_records"] = new JsonArray(WriteRecord(1, "host:5555"), WriteRecord(LogLimits.Sequence - 1, "192.0.2.7:1", "[2001:db8::1]:65535")),
        };
        return vectors.ToJsonString(new() { WriteIndented = true, NewLine = "\n" }) + "\n";
    }

    private static IdentityKey FromNumber(int number)
    {
        var seed = new byte[IdentityKey.SeedLength];
        for (var index = 0; index < seed.Length; index++)
            seed[index] = (byte)(number * 7 + index);
        return IdentityKey.FromSeed(seed);
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    private static string Hex(Bytes32 value) => Hex(value.ToArray());

    private static ConversationId Direct(IdentityKey one, IdentityKey other) => ConversationId.Direct(one.PeerId, other.PeerId);

    private static JsonObject WriteScope(ConversationId[] conversations) => new JsonObject
    {
        ["conversations"] = new JsonArray(conversations.Select(conversation => JsonValue.Create(Hex(conversation.Value))).ToArray<JsonNode>()),
        ["scope"] = HeardPosition.ComputeScope(conversations).ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    private static JsonObject WriteRoom(int number)
    {
        byte[] bytes = [.. Enumerable.Range(number, RoomSecret.Length).Select(value => (byte)value)];
        var secret = new RoomSecret(bytes);
        byte[] diallerNonce = [.. Enumerable.Repeat((byte)number, 32)], servedNonce = [.. Enumerable.Repeat((byte)(number + 1), 32)];
        return new JsonObject
        {
            ["secret"] = Hex(bytes),
            ["conversation"] = Hex(secret.Conversation.Value),
            ["author"] = Hex(Alice.PeerId.Value),
            ["admission"] = Hex(secret.Admit(Alice.PeerId)),
            ["prover"] = Hex(Alice.PeerId.Value),
            ["verifier"] = Hex(Bob.PeerId.Value),
            ["dialler_nonce"] = Hex(diallerNonce),
            ["served_nonce"] = Hex(servedNonce),
            ["proof"] = Hex(secret.Prove(Alice.PeerId, Bob.PeerId, diallerNonce, servedNonce)),
            ["name"] = "room",
            ["address"] = "host:5555",
            ["ticket"] = new RoomTicket(secret, "room", [new TicketPeer(Alice.PeerId, ["host:5555"])]).ToText(),
        };
    }

    private static JsonObject WriteInvite(int number)
    {
        byte[] bytes = [.. Enumerable.Range(number, InviteSecret.Length).Select(value => (byte)value)];
        var secret = new InviteSecret(bytes);
        byte[] diallerNonce = [.. Enumerable.Repeat((byte)number, 32)], servedNonce = [.. Enumerable.Repeat((byte)(number + 1), 32)];
        return new JsonObject
        {
            ["secret"] = Hex(bytes),
            ["invite"] = Hex(secret.Invite.Value),
            ["prover"] = Hex(Alice.PeerId.Value),
            ["verifier"] = Hex(Bob.PeerId.Value),
            ["dialler_nonce"] = Hex(diallerNonce),
            ["served_nonce"] = Hex(servedNonce),
            ["proof"] = Hex(secret.Prove(Alice.PeerId, Bob.PeerId, diallerNonce, servedNonce).ToArray()),
            ["name"] = "bob",
            ["address"] = "host:5555",
            ["ticket"] = new PeerTicket(secret, "bob", new TicketPeer(Bob.PeerId, ["host:5555"])).ToText(),
        };
    }

    private static JsonObject WriteAnnouncement(ushort port, ulong number) => new JsonObject
    {
        ["peer"] = Hex(Alice.PeerId.Value),
        ["port"] = port,
        ["instance"] = Epoch.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["number"] = number.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["datagram"] = Hex(new LanAnnouncement(Alice.PeerId, port, Epoch, number).Sign(Alice)),
    };

    private static JsonObject WriteRecord(ulong sequence, params string[] addresses)
    {
        var record = AddressRecord.Sign(Alice, Direct(Alice, Bob), sequence, addresses);
        return new JsonObject
        {
            ["conversation"] = Hex(record.Conversation.Value),
            ["peer"] = Hex(record.Peer.Value),
            ["sequence"] = sequence.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["addresses"] = new JsonArray(addresses.Select(address => JsonValue.Create(address)).ToArray<JsonNode>()),
            ["signature"] = Hex(record.Signature.Span),
        };
    }

    private static JsonObject WriteBase32(string hex) => new JsonObject { ["bytes"] = hex, ["text"] = Base32.Encode(Convert.FromHexString(hex)) };

    private static JsonObject WritePeer(int number)
    {
        var seed = new byte[IdentityKey.SeedLength];
        for (var index = 0; index < seed.Length; index++)
            seed[index] = (byte)(number * 7 + index);
        using var key = IdentityKey.FromSeed(seed);
        return new JsonObject
        {
            ["seed"] = Hex(seed),
            ["public_key"] = Hex(key.PeerId.Value),
            ["peer_id"] = key.PeerId.ToString(),
            ["signature_of_abc"] = Hex(key.Sign("abc"u8)),
        };
    }

    private static JsonObject WriteDirect(IdentityKey one, IdentityKey other) => new JsonObject
    {
        ["one"] = one.PeerId.ToString(),
        ["other"] = other.PeerId.ToString(),
        ["conversation"] = ConversationId.Direct(one.PeerId, other.PeerId).ToString(),
    };

    private static LogKey LogOf(ulong epoch) => new(ConversationId.Direct(Alice.PeerId, Bob.PeerId), Alice.PeerId, epoch);

    private static JsonObject WriteLog(ulong epoch)
    {
        var log = LogOf(epoch);
        return new JsonObject
        {
            ["conversation"] = log.Conversation.ToString(),
            ["author"] = log.Author.ToString(),
            ["epoch"] = epoch.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["log_id"] = log.ToLogId().ToString(),
        };
    }

    private static Protocol.Opening SomeOpening() => new()
    {
        PredecessorEpoch = 77,
        PredecessorHead = SegmentCodec.Write(new Head(300, LogOf(77).ToLogId().Value)),
    };

    private static JsonObject WriteOpening(Protocol.Opening opening) => new JsonObject
    {
        ["predecessor_epoch"] = opening.HasPredecessorEpoch ? opening.PredecessorEpoch.ToString(System.Globalization.CultureInfo.InvariantCulture) : null,
        ["predecessor_sequence"] = opening.PredecessorHead?.Sequence,
        ["predecessor_hash"] = opening.PredecessorHead is { } head ? Hex(head.Hash.Span) : null,
        ["encoded"] = Hex(opening.ToByteArray()),
    };

    private static IEnumerable<Protocol.Entry[]> Bodies()
    {
        const ulong clock = 0x0199_0000_0000_0000;
        yield return [new Protocol.Entry { Clock = clock, Content = new Protocol.Content { Text = "Hello, Bob" } }];
        yield return
        [
            new Protocol.Entry { Clock = clock + 1, Content = new Protocol.Content { Text = "Grüße 🙂", MessageId = "m-1" } },
            new Protocol.Entry
            {
                Clock = clock + 2,
                Content = new Protocol.Content { Data = ByteString.CopyFrom(0, 255, 1), ContentType = "application/octet-stream" },
            },
        ];
        yield return Enumerable.Range(0, 3)
            .Select(number => new Protocol.Entry { Clock = clock + 10 + (ulong)number, Content = new Protocol.Content { Text = new string('x', number * 100) } })
            .ToArray();
    }

    private static byte[] Encode(Protocol.Entry[] entries)
    {
        var builder = new SegmentBodyBuilder();
        foreach (var entry in entries)
        {
            if (!builder.TryAdd(entry.ToByteArray()))
                throw new InvalidOperationException("The vectors' bodies fit.");
        }

        return builder.Build();
    }

    private static JsonObject WriteBody(Protocol.Entry[] entries) => new JsonObject
    {
        ["entries"] = new JsonArray(entries.Select(WriteEntry).ToArray<JsonNode>()),
        ["encoded"] = Hex(Encode(entries)),
    };

    private static JsonObject WriteEntry(Protocol.Entry entry) => new JsonObject
    {
        ["clock"] = entry.Clock.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["text"] = entry.Content.BodyCase == Protocol.Content.BodyOneofCase.Text ? Hex(Encoding.UTF8.GetBytes(entry.Content.Text)) : null,
        ["data"] = entry.Content.BodyCase == Protocol.Content.BodyOneofCase.Data ? Hex(entry.Content.Data.Span) : null,
    };

    private static JsonArray WriteChain()
    {
        var log = LogOf(Epoch);
        var head = log.ToLogId().Empty;
        var segments = new JsonArray();
        foreach (var entries in Bodies())
        {
            var body = Encode(entries);
            var opening = head.Sequence == 0 ? SomeOpening().ToByteArray() : [];
            var header = SegmentHeader.Sign(Alice, log, head, entries.Length, body, opening);
            segments.Add(WriteSegment(header, body));
            head = header.Head;
        }

        return segments;
    }

    private static JsonObject WriteFork()
    {
        var log = LogOf(Epoch + 1);
        var one = SegmentHeader.Sign(Alice, log, log.ToLogId().Empty, 1, "one"u8, []);
        var other = SegmentHeader.Sign(Alice, log, log.ToLogId().Empty, 2, "other"u8, []);
        return new JsonObject { ["first"] = WriteSegment(one, "one"u8.ToArray()), ["second"] = WriteSegment(other, "other"u8.ToArray()) };
    }

    private static JsonObject WriteSegment(SegmentHeader header, byte[] body) => new JsonObject
    {
        ["conversation"] = header.Log.Conversation.ToString(),
        ["author"] = header.Log.Author.ToString(),
        ["epoch"] = header.Log.Epoch.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["log_id"] = header.LogId.ToString(),
        ["previous"] = Hex(header.Previous),
        ["first_sequence"] = header.FirstSequence,
        ["count"] = header.Count,
        ["cipher"] = header.Cipher,
        ["key_id"] = header.KeyId,
        ["body"] = Hex(body),
        ["opening"] = Hex(header.Opening.Span),
        ["hash"] = Hex(header.Hash),
        ["signature"] = Hex(header.Signature.Span),
        ["reference_of_last"] = new MessageReference(header.LogId, header.LastSequence).ToString(),
        ["cursor_check"] = header.Hash.Prefix.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["header_message"] = Hex(SegmentCodec.Write(header).ToByteArray()),
    };
}
