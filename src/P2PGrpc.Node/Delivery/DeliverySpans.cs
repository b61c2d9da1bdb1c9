using System.Diagnostics;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Delivery;

/// <summary>Makes a span for each traced message that reaches a subscriber as it comes. What was held before the subscription began gets none: it was delivered before, or would
/// come as a flood of them. Immutable.</summary>
/// <param name="heldAtStart">The last position then.</param>
/// <param name="time">Tells how old a message is. By its author's clock; only the form of the trace depends on it.</param>
internal sealed class DeliverySpans(ulong heldAtStart, TimeProvider time)
{
    /// <summary>True if it is worth calling <see cref="Make"/>.</summary>
    public static bool AreWanted => NodeActivities.IsHeard;

    /// <summary>Makes the spans of a batch.</summary>
    /// <param name="batch">What a subscriber is about to get.</param>
    /// <param name="kind">What kind of conversation it is of.</param>
    public void Make(MessageBatch batch, string kind)
    {
        if (!batch.Ephemeral && batch.FirstPosition <= heldAtStart)
            return;
        for (var index = 0; index < batch.Messages.Count; index++)
        {
            var message = batch.Messages[index];
            if (message.Content is not { } content || !TraceHeaders.TryRead(content.Headers, out var creation) || !creation.TraceFlags.HasFlag(ActivityTraceFlags.Recorded))
                continue;
            var reference = batch.Ephemeral ? "" : $"{batch.Log}/{batch.FirstSequence + (ulong)index}";
            MessageSpans.Deliver(creation, kind, reference, time.GetUtcNow() - HybridClock.ToTime(message.Clock));
        }
    }
}
