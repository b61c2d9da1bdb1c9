using System.Runtime.InteropServices;

namespace P2PGrpc.Cli;

/// <summary>
/// Makes sure that descriptors 0, 1 and 2 are what the program takes them for. Where one is closed at the start (<c>&lt;&amp;-</c>), the runtime or
/// the store gets its number for a pipe or file of its own: reading standard input would wait for ever, and an error would be written into that file.
/// </summary>
internal static class StandardStreams
{
    private const string Library = "libc";
    private const int GetFlags = 1;
    private const int SetFlags = 2;
    private const int ClosesOnExec = 1;
    private const int ReadOnly = 0;
    private const int WriteOnly = 1;
    private const int OpenToCloseOnExec = 0x80000;

    // Standard input and output are opened the wrong way round, so that using them is an error and not a silent end or loss.
    // An error that nobody wants to read must not become another one, so that stream takes what is written.
    private static readonly int[] Directions = [WriteOnly, ReadOnly, WriteOnly];

    /// <summary>Begins this process anew with the missing descriptors in place; returns only if none is missing or it can't be done. The runtime's
    /// own descriptors can't be moved away, so nothing less than a new program gets the numbers back.</summary>
    public static void Restore()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var missing = Enumerable.Range(0, Directions.Length).Where(IsMissing).ToList();
        // Read before anything is changed: afterwards there is no way back.
        if (missing.Count > 0 && ReadCommandLine() is { } line && missing.TrueForAll(Occupy))
            StartAnew(line);
    }

    // What a process inherits stays open at an exec, or it would not have come through the last one; all that the runtime opens does not.
    private static bool IsMissing(int descriptor) => Control(descriptor, GetFlags, 0) is < 0 or ClosesOnExec;

    private static bool Occupy(int descriptor)
    {
        var opened = Open("/dev/null", Directions[descriptor] | OpenToCloseOnExec);
        return opened == descriptor ? Control(descriptor, SetFlags, 0) == 0 : opened >= 0 && Duplicate(opened, descriptor) == descriptor;
    }

    // As bytes: an argument need not be text.
    private static byte[]? ReadCommandLine()
    {
        try
        {
            return File.ReadAllBytes("/proc/self/cmdline");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void StartAnew(byte[] bytes)
    {
        var line = GCHandle.Alloc(bytes, GCHandleType.Pinned);
        var arguments = new List<nint>();
        for (var begin = 0; begin < bytes.Length; begin = Array.IndexOf(bytes, (byte)0, begin) + 1)
            arguments.Add(line.AddrOfPinnedObject() + begin);
        _ = Execute("/proc/self/exe", [.. arguments, 0]);
        // Descriptors of the runtime's own have been taken from it: nothing in this process can be relied on any more.
        Environment.FailFast("The program could not be started anew with its standard streams in place.");
    }

    [DllImport(Library, EntryPoint = "fcntl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int descriptor, int command, int argument);

    [DllImport(Library, EntryPoint = "open")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport(Library, EntryPoint = "dup2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Duplicate(int descriptor, int wanted);

    [DllImport(Library, EntryPoint = "execv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Execute([MarshalAs(UnmanagedType.LPUTF8Str)] string program, nint[] arguments);
}
