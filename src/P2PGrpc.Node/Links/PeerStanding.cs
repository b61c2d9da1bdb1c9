using P2PGrpc.Node.Peers;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>How many peers of the book are in which state. Those that are blocked, and entries that have turned out to be this node itself, are none.</summary>
/// <param name="Linked">With a link.</param>
/// <param name="Dialling">Without one, and this node tries again and again.</param>
/// <param name="Down">Without one, and this node has no address to dial.</param>
internal readonly record struct PeerStanding(int Linked, int Dialling, int Down)
{
    public int All => Linked + Dialling + Down;

    public static PeerStanding Count(PeerBook book, LinkTable links, Diallers diallers)
    {
        var (linked, dialling, down) = (0, 0, 0);
        foreach (var record in book.Snapshot.Records.Values.Where(record => record.Admission != Admission.Blocked))
        {
            var state = diallers.Find(record.Key);
            if (state is { IsSelf: true })
                continue;
            if (record.PeerId is { } peer && links.Find(peer) is not null)
                linked++;
            else if (state is { Dialling: true })
                dialling++;
            else
                down++;
        }

        return new PeerStanding(linked, dialling, down);
    }
}
