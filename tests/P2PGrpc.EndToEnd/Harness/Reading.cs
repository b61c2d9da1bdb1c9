using P2PGrpc.Protocol;

namespace P2PGrpc.EndToEnd.Harness;

/// <summary>A message as a subscription or a page of history handed it out.</summary>
internal sealed record ReadMessage(string Author, string Alias, string Peer, string Log, ulong Sequence, ulong Position, Content Content, ulong Clock)
{
    public string Text => Content.Text;

    public string Reference => $"{Log}/{Sequence}";

    /// <summary>The messages of some batches, in order.</summary>
    public static IEnumerable<ReadMessage> Read(IEnumerable<MessageBatch> batches) => batches.SelectMany(batch => batch.Messages.Select(
        (message, index) => new ReadMessage(
            batch.Author, batch.Alias, batch.Peer, batch.Log,
            batch.FirstSequence + (ulong)index, batch.FirstPosition + (ulong)index, message.Content, message.Clock)));
}

/// <summary>What was read of a subscription so far.</summary>
internal sealed class Reading
{
    public List<ReadMessage> Messages { get; } = [];

    public IEnumerable<string> Texts => Messages.Select(message => message.Text);

    public Cursor? Cursor { get; private set; }

    public bool CaughtUp { get; private set; }

    public void Add(SubscribeResponse response)
    {
        Messages.AddRange(ReadMessage.Read(response.Batches));
        Cursor = response.Cursor ?? Cursor;
        CaughtUp |= response.CaughtUp;
    }
}
