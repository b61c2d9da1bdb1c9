using P2PGrpc.Protocol;

namespace P2PGrpc.EndToEnd.Harness;

/// <summary>A message as a subscription handed it out.</summary>
internal sealed record ReadMessage(string Author, string Alias, string Peer, string Log, ulong Sequence, ulong Position, Content Content, ulong Clock)
{
    public string Text => Content.Text;

    public string Reference => $"{Log}/{Sequence}";
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
        foreach (var batch in response.Batches)
        {
            for (var i = 0; i < batch.Messages.Count; i++)
            {
                Messages.Add(new ReadMessage(
                    batch.Author, batch.Alias, batch.Peer, batch.Log,
                    batch.FirstSequence + (ulong)i, batch.FirstPosition + (ulong)i, batch.Messages[i].Content, batch.Messages[i].Clock));
            }
        }
        Cursor = response.Cursor ?? Cursor;
        CaughtUp |= response.CaughtUp;
    }
}
