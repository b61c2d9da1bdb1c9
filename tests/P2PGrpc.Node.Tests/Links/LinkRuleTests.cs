using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Peers;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Links;

public sealed class LinkRuleTests
{
    private static readonly PeerId One = IdentityKey.FromSeed(new byte[32]).PeerId;
    private static readonly PeerId Other = IdentityKey.FromSeed([.. Enumerable.Repeat((byte)1, 32)]).PeerId;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Both_nodes_keep_the_same_one_of_two_links(bool olderDialledByOne)
    {
        var silence = TimeSpan.FromSeconds(1);
        var oneKeepsNewer = TieBreak.NewerWins(One, Other, true, olderDialledByOne, !olderDialledByOne, silence);
        // The other node may have seen the two links come up in the opposite order.
        var otherKeepsSameOrder = TieBreak.NewerWins(Other, One, true, !olderDialledByOne, olderDialledByOne, silence);
        var otherKeepsOppositeOrder = TieBreak.NewerWins(Other, One, true, olderDialledByOne, !olderDialledByOne, silence);
        Assert.Equal(oneKeepsNewer, otherKeepsSameOrder);
        Assert.Equal(oneKeepsNewer, !otherKeepsOppositeOrder);
    }

    [Fact]
    public void A_newer_link_replaces_one_that_went_silent_or_came_from_the_same_side()
    {
        Assert.True(TieBreak.NewerWins(One, Other, true, true, false, TimeSpan.FromSeconds(6)));
        Assert.True(TieBreak.NewerWins(One, Other, true, false, true, TimeSpan.FromSeconds(6)));
        Assert.True(TieBreak.NewerWins(One, Other, true, true, true, TimeSpan.Zero));
        Assert.True(TieBreak.NewerWins(One, Other, true, false, false, TimeSpan.Zero));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_link_of_another_process_replaces_the_older_whoever_dialled(bool olderDialledHere)
    {
        Assert.True(TieBreak.NewerWins(One, Other, false, olderDialledHere, !olderDialledHere, TimeSpan.Zero));
        Assert.True(TieBreak.NewerWins(Other, One, false, olderDialledHere, !olderDialledHere, TimeSpan.Zero));
    }

    [Theory]
    [InlineData(null, AdmissionPolicy.Known, false, false, "Knock")]
    [InlineData(null, AdmissionPolicy.Any, false, false, "AdmitNew")]
    [InlineData(Admission.Known, AdmissionPolicy.Known, false, false, "Admit")]
    [InlineData(Admission.Known, AdmissionPolicy.Any, false, false, "Admit")]
    [InlineData(Admission.Blocked, AdmissionPolicy.Known, false, false, "Blocked")]
    [InlineData(Admission.Blocked, AdmissionPolicy.Any, false, false, "Blocked")]
    [InlineData(null, AdmissionPolicy.Known, true, false, "AdmitGuest")]
    [InlineData(null, AdmissionPolicy.Any, true, false, "AdmitNew")]
    [InlineData(Admission.Unpinned, AdmissionPolicy.Known, true, false, "AdmitGuest")]
    [InlineData(Admission.Known, AdmissionPolicy.Known, true, false, "Admit")]
    [InlineData(Admission.Blocked, AdmissionPolicy.Known, true, false, "Blocked")]
    [InlineData(Admission.Blocked, AdmissionPolicy.Any, true, false, "Blocked")]
    [InlineData(null, AdmissionPolicy.Known, false, true, "AdmitInvited")]
    [InlineData(null, AdmissionPolicy.Any, true, true, "AdmitInvited")]
    [InlineData(Admission.Unpinned, AdmissionPolicy.Known, false, true, "AdmitInvited")]
    [InlineData(Admission.Known, AdmissionPolicy.Known, false, true, "AdmitInvited")]
    [InlineData(Admission.Blocked, AdmissionPolicy.Any, true, true, "Blocked")]
    public void Admission_follows_the_book_the_policy_and_what_is_shown(
        Admission? admission, AdmissionPolicy policy, bool sharesRoom, bool showsInvite, string verdict)
    {
        var record = admission is { } known ? new PeerRecord(One, null, [], known) : null;
        Assert.Equal(verdict, AdmissionRule.Judge(record, policy, sharesRoom, showsInvite).ToString());
    }

    [Fact]
    public void Waits_grow_and_stay_within_a_tenth_of_the_absence_and_thirty_seconds()
    {
        var delay = new RedialDelay(new Random(1));
        var first = delay.Next(TimeSpan.Zero);
        Assert.InRange(first, TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(100));
        for (var turn = 0; turn < 20; turn++)
            Assert.True(delay.Next(TimeSpan.FromSeconds(5)) <= TimeSpan.FromSeconds(1));
        Assert.InRange(delay.Next(TimeSpan.FromSeconds(100)), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        for (var turn = 0; turn < 20; turn++)
            Assert.True(delay.Next(TimeSpan.FromDays(1)) <= TimeSpan.FromSeconds(30));
        delay.Reset();
        Assert.True(delay.Next(TimeSpan.FromDays(1)) <= TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public void Waits_for_a_contested_link_grow_without_any_absence()
    {
        var delay = new RedialDelay(new Random(1));
        delay.Contest();
        for (var turn = 0; turn < 20; turn++)
            Assert.True(delay.Next(TimeSpan.Zero) <= TimeSpan.FromSeconds(30));
        Assert.InRange(delay.Next(TimeSpan.Zero), TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(30));
        delay.Reset();
        for (var turn = 0; turn < 20; turn++)
            Assert.True(delay.Next(TimeSpan.Zero) <= TimeSpan.FromSeconds(1));
    }
}
