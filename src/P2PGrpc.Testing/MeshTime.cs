using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Node.Links;

namespace P2PGrpc.Testing;

/// <summary>Lets the time of a mesh pass, never faster than its nodes can follow.</summary>
internal sealed class MeshTime(FakeTimeProvider time, MeshNetwork network, IReadOnlyList<TestNode> nodes, TimeSpan patience)
{
    /// <summary>A step of a long time: half a heartbeat.</summary>
    private static readonly TimeSpan LongStep = LinkLimits.Heartbeat / 2;

    /// <summary>A step while something is waited for: the first wait before a dial.</summary>
    private static readonly TimeSpan ShortStep = LinkLimits.FirstRedial;

    /// <summary>A link whose other side was heard within this time follows; above it lies half of what makes it a dead one.</summary>
    private static readonly TimeSpan Following = LinkLimits.Heartbeat * 2;

    /// <summary>How long the network must be silent, by the machine's clock, until the next step: longer than a commit takes, or one side's part in a TLS handshake.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(4);

    /// <summary>How long the nodes may take, by the machine's clock, to answer the heartbeats of one step. After it the links are as good as dead, and time goes on.</summary>
    private static readonly TimeSpan Answering = TimeSpan.FromSeconds(5);

    public async Task AdvanceAsync(TimeSpan all, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(all.Ticks, nameof(all));
        for (var left = all; left > TimeSpan.Zero; left -= LongStep)
        {
            time.Advance(left < LongStep ? left : LongStep);
            await FollowAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task WaitUntilAsync(Func<ValueTask<bool>> condition, string what, CancellationToken cancellationToken)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!await condition().ConfigureAwait(false))
        {
            if (TimeProvider.System.GetElapsedTime(begun) > patience)
                throw new TimeoutException($"Within {patience.TotalSeconds:0} s it did not come about that: {what}. {Describe()}");
            var before = network.Passed;
            await Task.Delay(Silence, TimeProvider.System, cancellationToken).ConfigureAwait(false);
            if (network.Passed != before)
                continue;
            time.Advance(ShortStep);
            await FollowAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public bool AreAllLinked() => Pairs().All(pair => pair.One.FindLink(pair.Other) is not null);

    /// <summary>Waits until the heartbeats of all links are answered that nothing is wrong with.</summary>
    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (Pairs().Any(pair => pair.One.FindLink(pair.Other)?.SinceHeard > Following) && TimeProvider.System.GetElapsedTime(begun) < Answering)
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancellationToken).ConfigureAwait(false);
    }

    private IEnumerable<(TestNode One, TestNode Other)> Pairs() =>
        from one in nodes
        from other in nodes
        where one != other && one.IsRunning && other.IsRunning && network.CanReach(one.Name, other.Name)
        select (one, other);

    private string Describe() => string.Join("; ", nodes.Select(Describe)) + $". The mesh's clock is at {time.GetUtcNow():O}.";

    private string Describe(TestNode node)
    {
        if (!node.IsRunning)
            return $"{node.Name} is down";
        var linked = nodes.Where(other => node.FindLink(other) is not null).Select(other => other.Name).ToList();
        return $"{node.Name} is linked with {(linked.Count > 0 ? string.Join(", ", linked) : "nobody")}";
    }
}
