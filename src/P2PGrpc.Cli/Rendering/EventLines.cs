using System.Globalization;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;
using EventCase = P2PGrpc.Protocol.WatchEventsResponse.EventOneofCase;

namespace P2PGrpc.Cli.Rendering;

/// <summary>What happens at a node, as people see it, with what to type where something is up to them.</summary>
internal sealed class EventLines(MessageLines messages, string nodeOptions)
{
    private const int LongestDetail = 500;

    public StyledLine Create(WatchEventsResponse response)
    {
        var moment = DateTimeOffset.FromUnixTimeMilliseconds(
            (long)Math.Min(response.TimeMs, (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));
        var line = new StyledLine().Add(messages.Clock(moment), StyledLine.Dim).Add("  ");
        var alarm = response.EventCase is EventCase.Knock or EventCase.Notice or EventCase.Missed;
        return line.Add(alarm ? "! " : "* ").Add(Describe(response), alarm ? StyledLine.Alarm : StyledLine.Dim);
    }

    private string Describe(WatchEventsResponse response) => response.EventCase switch
    {
        EventCase.LinkUp => $"link up: {Call(response.LinkUp.Alias, response.LinkUp.PeerId)} at {Clean(response.LinkUp.Address)}"
            + (response.LinkUp.Dialled ? "" : " (it dialled)"),
        EventCase.LinkDown => $"link down: {Call(response.LinkDown.Alias, response.LinkDown.PeerId)}: {Clean(response.LinkDown.Reason)}",
        EventCase.Knock => DescribeKnock(response.Knock),
        EventCase.Delivered => string.Create(
            CultureInfo.InvariantCulture,
            $"delivered: {Call(response.Delivered.Alias, response.Delivered.PeerId)} holds {Clean(response.Delivered.Log)} up to {response.Delivered.Sequence}"),
        EventCase.Pinned => $"pinned: {Call(response.Pinned.Alias, "")} at {Clean(response.Pinned.Address)} is {Clean(response.Pinned.PeerId)}",
        EventCase.Notice => $"{Clean(response.Notice.Reason)}: {Clean(response.Notice.Detail)}",
        EventCase.Missed => string.Create(CultureInfo.InvariantCulture, $"{response.Missed} events were missed here"),
        _ => "an event that this version does not know",
    };

    private string DescribeKnock(KnockEvent knock)
    {
        var name = knock.SuggestedName.Length > 0 ? $" (calls itself {Clean(knock.SuggestedName)})" : "";
        return $"knock: {Clean(knock.PeerId)}{name} at {Clean(knock.Address)}; "
            + $"to let it in: p2pgrpc peers accept {Clean(knock.PeerId)}{nodeOptions}";
    }

    private static string Call(string alias, string peerId) => MessageLines.Call(alias, peerId);

    private static string Clean(string text) => DisplayText.Clean(text, LongestDetail);
}
