using System.Globalization;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Files;

namespace P2PGrpc.Node.Upkeep;

/// <summary>Checks of the machine and of the files of a node, whether it runs or not.</summary>
internal static class MachineChecks
{
    // Handing down the group lets nobody in: volumes of orchestrators have it.
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.SetGroup;

    private static readonly string[] Secrets = [DataFiles.Key, DataFiles.Token];

    /// <summary>The write-ahead log grows to some 16 MB before it is taken into the database, and needs as much again for that.</summary>
    private const long LeastFree = 64L << 20;

    /// <summary>A day or two of a busy node.</summary>
    private const long LittleFree = 1L << 30;

    /// <summary>512 connections of peers, 1000 links, 1000 of clients, files and some room.</summary>
    private const long Descriptors = 3000;

    // Software of this kind did not exist before, and nobody runs it after.
    private static readonly DateTimeOffset FirstDay = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset LastDay = new(2100, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Stamps may be a little ahead by the way of the hybrid clock alone.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(1);

    public static void CheckModes(string dataDirectory, Findings findings) => findings.Try("files", () =>
    {
        if (OperatingSystem.IsWindows())
            return;
        dataDirectory = Path.GetFullPath(dataDirectory);
        var loose = new List<string>();
        if ((File.GetUnixFileMode(dataDirectory) & ~OwnerOnly) != 0)
            loose.Add($"chmod 700 '{dataDirectory}'");
        foreach (var name in Secrets)
            if (Path.Combine(dataDirectory, name) is var path && File.Exists(path) && (File.GetUnixFileMode(path) & ~OwnerOnly) != 0)
                loose.Add($"chmod 600 '{path}'");
        if (loose.Count > 0)
            findings.Fail("files", "Other users may read what is the node's own: its key, its token or its messages.", $"Type: {string.Join(" && ", loose)}");
        else
            findings.Ok("files", "The data directory and the key are the node's own.");
    });

    /// <summary>Looks whether some of the files are another user's, as what root has made in the directory.</summary>
    public static void CheckOwners(string dataDirectory, Findings findings) => findings.Try("files", () =>
    {
        dataDirectory = Path.GetFullPath(dataDirectory);
        if (DataDirectoryCheck.FindForeign(dataDirectory) is { Count: > 0 } foreign)
            findings.Fail(
                "files", $"Of another user than the directory {dataDirectory}, whose own user's node can't use it: {string.Join(", ", foreign.Select(Path.GetFileName))}.",
                $"Type as root: chown --reference='{dataDirectory}' {string.Join(' ', foreign.Select(path => $"'{path}'"))}");
    });

    public static void CheckDisk(string dataDirectory, Findings findings) => findings.Try("disk", () =>
    {
        var use = DiskUse.Read(dataDirectory);
        var state = $"{Mebibytes(use.FreeBytes)} are free, the databases take {Mebibytes(use.DatabaseBytes)}.";
        if (use.FreeBytes < LeastFree)
            findings.Fail("disk", state, "Free some space now: on a full disk the node takes no messages.");
        else if (use.FreeBytes < LittleFree)
            findings.Warn("disk", state, "Free some space, or have the node keep less (--keep-bytes, 'p2pgrpc retention set').");
        else
            findings.Ok("disk", state);
    });

    /// <param name="now">What the clock says.</param>
    /// <param name="stamps">Who wrote the newest messages, and when by their clocks; true for this node's own.</param>
    /// <param name="findings">Where it goes.</param>
    public static void CheckClock(DateTimeOffset now, IEnumerable<(string Author, bool Own, ulong Stamp)> stamps, Findings findings)
    {
        const string advice = "Set the clock, and have a time service keep it. Nothing is lost by a wrong clock, but messages are shown at wrong places.";
        var shown = now.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var furthest = stamps.OrderByDescending(stamp => stamp.Stamp).FirstOrDefault();
        if (now < FirstDay || now > LastDay)
            findings.Fail("clock", $"It says {shown}, which can't be.", advice);
        else if (furthest.Author is { } author && HybridClock.ToTime(furthest.Stamp) - now is var ahead && ahead > Ahead)
            findings.Warn(
                "clock",
                furthest.Own
                    ? $"It says {shown}, and this node has written messages {Describe(ahead)} later than that: the clock was set back."
                    : $"It says {shown}, and a message by {author} is {Describe(ahead)} later: this clock is behind, or theirs ahead.",
                advice);
        else
            findings.Ok("clock", furthest.Author is null ? $"It says {shown}." : $"It says {shown}, and none of the newest messages is later.");
    }

    /// <summary>Of this very process.</summary>
    public static void CheckDescriptors(Findings findings) => findings.Try("descriptors", () =>
    {
        const string limits = "/proc/self/limits", name = "Max open files";
        if (!File.Exists(limits) || File.ReadLines(limits).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is not { } line)
            return;
        var soft = line[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        var open = Directory.EnumerateFileSystemEntries("/proc/self/fd").Count();
        var state = string.Create(CultureInfo.InvariantCulture, $"{open} files and connections are open, {soft} may be.");
        if (long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var most) && (most < Descriptors || open > most * 9 / 10))
            findings.Warn("descriptors", state, "Raise the limit (ulimit -n, or LimitNOFILE= of the service): with many peers and clients the node would refuse connections.");
        else
            findings.Ok("descriptors", state);
    });

    public static string Describe(TimeSpan span) => span switch
    {
        { TotalDays: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalDays:0} days"),
        { TotalHours: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalHours:0} hours"),
        { TotalMinutes: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMinutes:0} minutes"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0} seconds"),
    };

    private static string Mebibytes(long bytes) => bytes >= 10L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0.#} MiB");
}
