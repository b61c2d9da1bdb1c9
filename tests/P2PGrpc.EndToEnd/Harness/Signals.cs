using System.Runtime.InteropServices;

namespace P2PGrpc.EndToEnd.Harness;

/// <summary>Signals of Linux, sent to a process that a test started.</summary>
internal static class Signals
{
    public const int Hangup = 1;
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    public static void Send(int processId, int signal)
    {
        if (NativeKill(processId, signal) != 0)
            throw new InvalidOperationException($"Signal {signal} to {processId}: error {Marshal.GetLastPInvokeError()}");
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NativeKill(int processId, int signal);
}
