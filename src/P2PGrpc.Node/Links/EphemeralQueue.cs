using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>Ephemeral messages that wait to be written on one link. What waits together goes out in one frame, since a frame costs both sides the same
/// however little it holds. Not thread-safe.</summary>
internal sealed class EphemeralQueue
{
    // What one takes in memory beside its bytes, about.
    private const int Overhead = 128;

    private readonly Queue<EphemeralBody> waiting = new();
    private long weight;

    /// <summary>False, and nothing kept, if too much is waiting.</summary>
    public bool TryAdd(EphemeralBody body)
    {
        if (weight + Weigh(body) > LinkLimits.WaitingEphemeralBytes)
            return false;
        waiting.Enqueue(body);
        weight += Weigh(body);
        return true;
    }

    /// <summary>The next frame: all that waits, as far as one may hold it. Null if nothing does.</summary>
    public Frame? Take()
    {
        if (waiting.Count == 0)
            return null;
        var first = waiting.Peek();
        var (bodies, length, count) = (0, 0, 0);
        foreach (var body in waiting)
        {
            if (bodies > 0
                && (body.Conversation != first.Conversation || length + body.Bytes.Length > LinkLimits.EphemeralFrame || count + body.Count > FrameLimits.EphemeralEntries))
                break;
            bodies++;
            length += body.Bytes.Length;
            count += body.Count;
        }

        return TransientFrames.Write(first.Conversation, bodies == 1 ? Dequeue().Bytes : Join(bodies, length));
    }

    private byte[] Join(int bodies, int length)
    {
        var joined = new byte[length];
        for (var (at, left) = (0, bodies); left > 0; left--)
        {
            var bytes = Dequeue().Bytes;
            bytes.CopyTo(joined.AsMemory(at));
            at += bytes.Length;
        }

        return joined;
    }

    private EphemeralBody Dequeue()
    {
        var body = waiting.Dequeue();
        weight -= Weigh(body);
        return body;
    }

    private static int Weigh(EphemeralBody body) => body.Bytes.Length + Overhead;
}
