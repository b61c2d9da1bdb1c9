using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Logs;
using P2PGrpc.Protocol;
using Retention = P2PGrpc.Node.Logs.Retention;

namespace P2PGrpc.Node.Api;

/// <summary>How long the owner keeps single conversations; each change takes effect at once and is kept. Thread-safe.</summary>
internal sealed class RetentionAdministration(Retention retention, Recipients recipients)
{
    /// <exception cref="NodeRequestException">INVALID_ARGUMENT, NOT_FOUND; RESOURCE_EXHAUSTED or UNAVAILABLE if it could not be stored.</exception>
    public async Task<Protocol.Retention> SetAsync(SetRetentionRequest request, CancellationToken cancellationToken)
    {
        var conversation = recipients.ResolveKnown(request.Conversation);
        if (request.HasKeepDays && request.KeepDays is 0 or > RetentionLimits.MaximumDays)
            throw NodeRequestException.Invalid("keep_days", $"keep_days is 1 to {RetentionLimits.MaximumDays}.");
        if (request.HasKeepBytes && request.KeepBytes is < RetentionLimits.MinimumBytes or > long.MaxValue)
            throw NodeRequestException.Invalid("keep_bytes", $"keep_bytes is at least {RetentionLimits.MinimumBytes}, 1 MiB.");
        if (!request.HasKeepDays && !request.HasKeepBytes && !request.Clear)
            throw NodeRequestException.Invalid("keep_days", "Nothing is to be changed: give keep_days, keep_bytes or clear.");
        var before = request.Clear ? default : retention.Settings.Own.GetValueOrDefault(conversation);
        var limits = new RetentionLimits(
            request.HasKeepDays ? (int)request.KeepDays : before.Days, request.HasKeepBytes ? (long)request.KeepBytes : before.Bytes);
        await SetAsync(conversation, limits, cancellationToken).ConfigureAwait(false);
        return Describe(conversation, request.Conversation);
    }

    /// <exception cref="NodeRequestException">INVALID_ARGUMENT or NOT_FOUND.</exception>
    public Protocol.Retention Get(string conversation) => Describe(recipients.ResolveKnown(conversation), conversation);

    private async Task SetAsync(ConversationId conversation, RetentionLimits limits, CancellationToken cancellationToken)
    {
        try
        {
            await retention.SetAsync(conversation, limits, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException full) when (full.Failure == StoreFailure.Full)
        {
            throw NodeRequestException.OfStore(full, "What is to be kept could not be stored:");
        }
    }

    private Protocol.Retention Describe(ConversationId conversation, string asked)
    {
        var settings = retention.Settings;
        var label = recipients.RoomLabelOf(conversation) is { Length: > 0 } room ? room : recipients.LabelOf(conversation);
        var answer = new Protocol.Retention { Conversation = label.Length > 0 ? label : asked };
        var own = settings.Own.GetValueOrDefault(conversation);
        if (own.Days is { } days)
            answer.KeepDays = (uint)days;
        if (own.Bytes is { } bytes)
            answer.KeepBytes = (ulong)bytes;
        if (settings.Node.Days is { } nodeDays)
            answer.NodeKeepDays = (uint)nodeDays;
        if (settings.Node.Bytes is { } nodeBytes)
            answer.NodeKeepBytes = (ulong)nodeBytes;
        if (retention.CountHeld(conversation) is { } held)
            answer.HeldBytes = (ulong)held;
        return answer;
    }
}
