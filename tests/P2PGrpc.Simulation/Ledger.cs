using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Simulation;

/// <summary>What clients and nodes did, noted by an onlooker: what the checks compare the disks with.</summary>
internal sealed class Ledger
{
    private readonly Dictionary<(LogId, ulong), Bytes32> signed = [];
    private readonly Dictionary<Bytes32, IReadOnlyList<string>> written = [];
    private readonly List<(ConversationId Conversation, string Message)> attempted = [];
    private List<(ConversationId Conversation, string Message)> accepted = [];

    private readonly Dictionary<LogId, ulong> forks = [];

    public int Accepted => accepted.Count;

    /// <summary>Two nodes go on in one log, which has come as far as this.</summary>
    public void NoteFork(LogId log, ulong sequence) => forks[log] = sequence;

    /// <summary>The last sequence that both branches of a log have.</summary>
    public ulong ForkOf(LogId log) =>
        forks.TryGetValue(log, out var sequence) ? sequence : throw new SimulationFault($"S4: log {log} did not fork, and was frozen.");

    public void NoteSigned(SegmentHeader header, IReadOnlyList<string> messages)
    {
        SimulationFault.Check(signed.TryAdd((header.LogId, header.FirstSequence), header.Hash), "S3: two segments were signed at one place.");
        written[header.Hash] = messages;
    }

    /// <summary>The messages of a segment, by its hash.</summary>
    public IReadOnlyList<string> WrittenIn(Bytes32 segment) => written[segment];

    public void NoteAttempted(ConversationId conversation, string message) => attempted.Add((conversation, message));

    public void NoteAccepted(ConversationId conversation, string message) => accepted.Add((conversation, message));

    public IEnumerable<string> AttemptedIn(ConversationId conversation) =>
        attempted.Where(one => one.Conversation == conversation).Select(one => one.Message);

    public IEnumerable<string> AcceptedIn(ConversationId conversation) =>
        accepted.Where(one => one.Conversation == conversation).Select(one => one.Message);

    /// <summary>A node's owner has put an older database back, perhaps that with the last copy: only what some disk still holds is promised.</summary>
    public void Forfeit(Func<ConversationId, IReadOnlySet<string>> held) =>
        accepted = accepted.Where(one => held(one.Conversation).Contains(one.Message)).ToList();
}
