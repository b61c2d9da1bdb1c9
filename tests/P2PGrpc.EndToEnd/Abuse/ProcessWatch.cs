using System.Globalization;
using P2PGrpc.EndToEnd.Harness;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>K4: what a node's process takes, as the kernel counts it.</summary>
internal sealed class ProcessWatch
{
    private readonly NodeProcess node;
    private readonly int lines;

    /// <summary>Begins to watch: from now on peaks count.</summary>
    public ProcessWatch(NodeProcess node)
    {
        this.node = node;
        lines = CountLines(node.Output);
        FilesBefore = CountFiles();
        // Clears the peak of the resident memory (proc(5), clear_refs).
        File.WriteAllText($"/proc/{node.ProcessId}/clear_refs", "5");
    }

    public int FilesBefore { get; }

    /// <summary>The most resident memory since the start, in MiB.</summary>
    public int PeakMemory
    {
        get
        {
            var line = File.ReadLines($"/proc/{node.ProcessId}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        }
    }

    /// <summary>Lines that the node wrote since the start.</summary>
    public int Lines => CountLines(node.Output) - lines;

    public int CountFiles() => Directory.EnumerateFileSystemEntries($"/proc/{node.ProcessId}/fd").Count();

    private static int CountLines(string text) => text.Count(character => character == '\n');
}
