using P2PGrpc.Core.Identity;
using Xunit;

namespace P2PGrpc.Core.Tests;

/// <summary>A private key under a passphrase: it opens by that alone, and nothing in its file can be exchanged.</summary>
public sealed class SealedKeyTests
{
    private const string Passphrase = "five words that nobody guesses";

    private static readonly SealingCost Cheap = new(64, 1);
    private static readonly byte[] Seed = [.. Enumerable.Range(1, 32).Select(number => (byte)number)];
    private static readonly PeerId Peer = MakePeer();
    private static readonly string Text = Seal(Passphrase);

    [Fact]
    public void It_opens_by_its_passphrase_alone()
    {
        Assert.Equal(Seed, SealedKey.Open(Text, Passphrase, out _));
        Assert.Null(SealedKey.Open(Text, Passphrase + " ", out var fault));
        Assert.Contains("another one", fault, StringComparison.Ordinal);
        Assert.Equal(Peer, SealedKey.ReadPeer(Text, out _));
        Assert.DoesNotContain(Base32.Encode(Seed), Text, StringComparison.Ordinal);
    }

    /// <summary>Made by libsodium alone, from what docs/operations.md says of the format.</summary>
    [Fact]
    public void The_format_stays_what_the_documents_say() => Assert.Equal(
        [
            "p2pgrpc sealed identity 1",
            "peer pg2vmlup4zkpsqdywejorkmlu6ib7bj242k35v7a4oiqxlieszsa",
            "argon2id 64 1",
            "salt aebagbafaydqqcikbmga2dqpca",
            "nonce aebagbafaydqqcikbmga2dqpcaireeyuculboga",
            "sealed mwlrot7qtkdjee2l5kdilvgyjijkrrith6u2viirzyqrhtfbpcq2cucxnrdc7dh253yaku2qurul4",
            "",
        ],
        Text.Split('\n'));

    [Fact]
    public void Line_ends_of_another_system_do_no_harm() => Assert.Equal(Seed, SealedKey.Open(Text.ReplaceLineEndings("\r\n") + "\r\n", Passphrase, out _));

    [Fact]
    public void No_character_of_it_can_be_changed()
    {
        for (var index = 0; index < Text.Length - 1; index++)
        {
            var changed = Text.ToCharArray();
            changed[index] = changed[index] switch { '\n' => ' ', 'a' => 'b', '1' => '2', _ => 'a' };
            // A cost of its own choice would only make this test slow.
            if (Text[index] is >= '0' and <= '9' && index > Text.IndexOf("argon2id", StringComparison.Ordinal) && index < Text.IndexOf("salt", StringComparison.Ordinal))
                continue;
            Assert.Null(SealedKey.Open(new string(changed), Passphrase, out var fault));
            Assert.NotEqual("", fault);
        }
    }

    [Theory]
    [InlineData("argon2id 64 1", "argon2id 64 2", "another one")]
    [InlineData("argon2id 64 1", "argon2id 99999999999 1", "damaged")]
    [InlineData("argon2id 64 1", "argon2id 64 0", "damaged")]
    [InlineData("identity 1", "identity 2", "newer")]
    [InlineData("p2pgrpc sealed", "p2pgrpc other", "key export")]
    public void What_was_changed_is_told(string from, string to, string told)
    {
        Assert.Null(SealedKey.Open(Text.Replace(from, to, StringComparison.Ordinal), Passphrase, out var fault));
        Assert.Contains(told, fault, StringComparison.Ordinal);
    }

    private static string Seal(string passphrase) => SealedKey.Seal(Seed, Peer, passphrase, Cheap, Seed.AsSpan(0, SealedKey.SaltLength), Seed.AsSpan(0, SealedKey.NonceLength));

    private static PeerId MakePeer()
    {
        using var identity = IdentityKey.FromSeed(Seed);
        return identity.PeerId;
    }
}
