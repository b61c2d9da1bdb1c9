using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Invites;
using P2PGrpc.Node.Invites;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Tests.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Invites;

public sealed class InviteBookTests
{
    private static readonly byte[] Dialler = [.. Enumerable.Repeat((byte)1, 32)];
    private static readonly byte[] Served = [.. Enumerable.Repeat((byte)2, 32)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A2: an invite's id, which lies in its node's database, opens nothing.</summary>
    [Fact]
    public async Task A2_An_invite_is_shown_by_who_holds_its_secret_on_this_link_alone()
    {
        await using var fixture = new StoreFixture();
        var (self, bob) = (fixture.Identity.PeerId, PeerOf(9));
        await using var invites = Open(fixture);
        var (invite, secret) = await invites.CreateAsync("bob", TimeSpan.FromHours(1), Token);
        var shown = secret.Prove(bob, self, Dialler, Served);
        Assert.True(invites.IsShown(shown, bob, self, Dialler, Served));
        Assert.False(invites.IsShown(shown, PeerOf(8), self, Dialler, Served));
        Assert.False(invites.IsShown(shown, bob, self, Served, Dialler));
        var another = new InviteSecret(new byte[InviteSecret.Length]).Prove(bob, self, Dialler, Served);
        Assert.False(invites.IsShown(another, bob, self, Dialler, Served));
        Assert.False(invites.IsShown(another with { Invite = invite.Id }, bob, self, Dialler, Served));
    }

    /// <summary>A2: of any number who show one invite at once, one is let in.</summary>
    [Fact]
    public async Task A2_Of_many_who_use_an_invite_at_once_one_is_let_in()
    {
        await using var fixture = new StoreFixture();
        var book = new PeerBook(fixture.Identity.PeerId, new PeerTable(fixture.Store));
        await using var invites = Open(fixture, book);
        var (invite, _) = await invites.CreateAsync("bob", TimeSpan.FromHours(1), Token);
        var used = await Task.WhenAll(Enumerable.Range(10, 20).Select(seed => Task.Run(() => invites.UseAsync(invite.Id, PeerOf((byte)seed), Token))));
        Assert.Equal("bob", Assert.Single(used, record => record is not null)!.Alias);
        Assert.Single(book.Snapshot.Records);
        Assert.Single(new PeerTable(fixture.Store).Load());
        Assert.Empty(new InviteTable(fixture.Store).Load());
    }

    /// <summary>A name that another peer has taken meanwhile keeps nobody out.</summary>
    [Fact]
    public async Task Who_comes_by_an_invite_whose_alias_is_taken_has_none()
    {
        await using var fixture = new StoreFixture();
        var book = new PeerBook(fixture.Identity.PeerId, new PeerTable(fixture.Store));
        await using var invites = Open(fixture, book);
        var (invite, _) = await invites.CreateAsync("bob", TimeSpan.FromHours(1), Token);
        await book.AddAsync(PeerSpecification.Parse("bob=host:1", out _)!, Token);
        Assert.Null((await invites.UseAsync(invite.Id, PeerOf(9), Token))!.Alias);
    }

    /// <summary>V3: the time that passes before a crash counts, but for the last minutes.</summary>
    [Fact]
    public async Task A2_V3_The_running_time_is_kept_while_invites_are_open()
    {
        await using var fixture = new StoreFixture();
        var invites = Open(fixture);
        await invites.CreateAsync("", TimeSpan.FromHours(1), Token);
        fixture.Time.Advance(TimeSpan.FromMinutes(45));
        await WaitAsync(() => ReadKept(fixture) >= TimeSpan.FromMinutes(40).TotalMilliseconds);

        // What the process would do at its end, it never comes to.
        await fixture.ReopenAsync();
        fixture.Time.Advance(TimeSpan.FromMinutes(14));
        await using var after = Open(fixture);
        Assert.Single(after.List());
        fixture.Time.Advance(TimeSpan.FromMinutes(6));
        Assert.Empty(after.List());
        GC.KeepAlive(invites);
    }

    private static long ReadKept(StoreFixture fixture) => fixture.Store.Query(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT milliseconds FROM running_time";
        return (long)command.ExecuteScalar()!;
    });

    private static async Task WaitAsync(Func<bool> condition) =>
        await Hosting.RunningNode.WaitUntilAsync(condition, "the running time is on disk");

    private static PeerId PeerOf(byte seed)
    {
        using var key = StoreFixture.MakeKey(seed);
        return key.PeerId;
    }

    private static InviteBook Open(StoreFixture fixture, PeerBook? book = null) => new(
        book ?? new PeerBook(fixture.Identity.PeerId, new PeerTable(fixture.Store)), new InviteTable(fixture.Store), fixture.Time, NullLogger.Instance);
}
