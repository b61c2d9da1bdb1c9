using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>What this disk needs for 4 KiB at the end of a file and the fsync, called natively: .NET's own flush hides errors. Appended, as logs are:
/// writing over blocks that a file has already costs a fraction of it.</summary>
internal static class FsyncDriver
{
    private static readonly byte[] Block = new byte[4096];

    public static async Task RunAsync(string path)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        await WorkerConsole.ServeAsync(tally, gate, Task.Run(async () =>
        {
            for (var i = 0; ; i++)
            {
                await gate.WaitAsync();
                var startedAt = TimeProvider.System.GetTimestamp();
                WriteBlock(file, i);
                tally.AddLatency(startedAt);
                tally.Add(1);
            }
        }));
    }

    private static void WriteBlock(SafeFileHandle file, int index)
    {
        RandomAccess.Write(file, Block, (long)index * Block.Length);
        if (NativeFsync(file.DangerousGetHandle().ToInt32()) != 0)
            throw new IOException($"fsync failed: error {Marshal.GetLastPInvokeError()}");
    }

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NativeFsync(int file);
}
