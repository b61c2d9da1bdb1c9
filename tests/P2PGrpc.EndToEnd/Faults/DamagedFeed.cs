using System.Globalization;
using System.Text.RegularExpressions;
using Grpc.Core;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>All that a node with a damaged database serves, read as its errors say: on behind each damaged place.</summary>
internal sealed partial class DamagedFeed
{
    private readonly List<(ulong First, ulong Last)> damaged = [];

    public List<ReadMessage> Messages { get; } = [];

    /// <summary>The positions that the node named as damaged, in order.</summary>
    public IReadOnlyList<(ulong First, ulong Last)> Damaged => damaged;

    /// <summary>The node said that its store can't be read at all.</summary>
    public bool Unavailable { get; private set; }

    public bool Names(ulong position) => damaged.Any(place => place.First <= position && position <= place.Last);

    public static async Task<DamagedFeed> ReadAsync(NodeClient client)
    {
        var feed = new DamagedFeed();
        var request = new SubscribeRequest { StartAt = StartAt.Start, IncludeOwn = true };
        while (await feed.ReadToDamageAsync(client, request) is { } behind)
            request = new SubscribeRequest { After = behind, IncludeOwn = true };
        return feed;
    }

    /// <summary>Reads until something is damaged, and gives where to go on; null where all was read, or no more can be.</summary>
    private async Task<Cursor?> ReadToDamageAsync(NodeClient client, SubscribeRequest request)
    {
        var reading = new Reading();
        try
        {
            using var call = client.Peer.Subscribe(request, deadline: NodeClient.In(Eventually.Generous));
            while (!reading.CaughtUp && await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken)) reading.Add(call.ResponseStream.Current);
            return null;
        }
        catch (RpcException unavailable) when (unavailable.StatusCode == StatusCode.Unavailable)
        {
            Unavailable = true;
            return null;
        }
        catch (RpcException lost) when (lost.StatusCode == StatusCode.DataLoss)
        {
            var place = Place().Match(lost.Status.Detail);
            Assert.True(place.Success, lost.Status.Detail);
            damaged.Add((Number(place, 1), Number(place, 2)));
            return new Cursor { Position = Number(place, 2), Check = Number(place, 3) };
        }
        finally
        {
            Messages.AddRange(reading.Messages);
        }
    }

    private static ulong Number(Match match, int group) => ulong.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex("""at position (\d+) .* after position (\d+) with check (\d+)""")]
    private static partial Regex Place();
}
