using System.Runtime.InteropServices;
using HdrHistogram;
using Microsoft.Win32.SafeHandles;

namespace P2PGrpc.Benchmarks;

/// <summary>What this disk needs for a write of 4 KiB and its fsync, called natively: .NET's own flush hides errors.</summary>
internal static class DiskBaseline
{
    private const int Writes = 500;

    /// <summary>The median in milliseconds.</summary>
    public static double MeasureFsync(string folder)
    {
        var path = Path.Combine(folder, "fsync");
        var block = new byte[4096];
        var histogram = new LongHistogram(60_000_000, 3);
        using (SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
        {
            for (var i = 0; i < Writes; i++)
            {
                var before = TimeProvider.System.GetTimestamp();
                RandomAccess.Write(file, block, (long)i * block.Length);
                if (NativeFsync(file.DangerousGetHandle().ToInt32()) != 0)
                    throw new IOException($"fsync failed: error {Marshal.GetLastPInvokeError()}");
                histogram.RecordValue((long)TimeProvider.System.GetElapsedTime(before).TotalMicroseconds);
            }
        }
        File.Delete(path);
        return histogram.GetValueAtPercentile(50) / 1000.0;
    }

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NativeFsync(int file);
}
