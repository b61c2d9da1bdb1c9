using System.Globalization;

namespace P2PGrpc.Benchmarks.Measuring;

/// <summary>What the system knows of processes: processor time, memory, bytes of a folder and of the loopback.</summary>
internal static class ProcessUsage
{
    /// <summary>Linux counts processor time in hundredths of a second for /proc, whatever its timer does.</summary>
    private const double MicrosecondsPerTick = 10_000;

    /// <summary>User and system time of all of them so far, in microseconds.</summary>
    public static double ReadProcessor(IEnumerable<int> processIds) => processIds.Sum(id =>
    {
        var stat = File.ReadAllText($"/proc/{id}/stat");
        // The name in parentheses may hold anything, so the fields are counted from behind it: state is the first.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (Parse(fields[11]) + Parse(fields[12])) * MicrosecondsPerTick;
    });

    /// <summary>The most that each was resident so far, summed up, in bytes.</summary>
    public static double ReadPeakMemory(IEnumerable<int> processIds) => processIds.Sum(id => ReadStatus(id, "VmHWM:"));

    /// <summary>What each is resident now, summed up, in bytes.</summary>
    public static double ReadMemory(IEnumerable<int> processIds) => processIds.Sum(id => ReadStatus(id, "VmRSS:"));

    /// <summary>Bytes that went over the loopback of the machine so far: whoever sent them, so the machine must be quiet.</summary>
    public static double ReadLoopback()
    {
        var line = File.ReadLines("/proc/net/dev").First(line => line.TrimStart().StartsWith("lo:", StringComparison.Ordinal));
        return Parse(line.Split(':')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]);
    }

    /// <summary>Bytes of all files in a folder.</summary>
    public static double ReadFolder(string folder)
    {
        var sum = 0.0;
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            // Files come and go while a node works, and sockets have no length.
            if (file.Exists) sum += file.Length;
        }
        return sum;
    }

    private static double ReadStatus(int processId, string name)
    {
        var line = File.ReadLines($"/proc/{processId}/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]) * 1024;
    }

    private static double Parse(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
