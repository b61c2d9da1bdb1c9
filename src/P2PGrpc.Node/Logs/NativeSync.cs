using System.Runtime.InteropServices;

namespace P2PGrpc.Node.Logs;

/// <summary>Flushes files and directories to disk by the system's own fsync, because .NET's flush does not report its errors on Linux. Does
/// nothing on Windows, where directories can't be flushed.</summary>
internal static class NativeSync
{
    private const int ReadOnly = 0;

    [UnmanagedFunctionPointer(CallingConvention.Cdecl, SetLastError = true, CharSet = CharSet.Ansi)]
    private delegate int OpenFunction([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl, SetLastError = true)]
    private delegate int DescriptorFunction(int descriptor);

    /// <summary>Returns once all that was written to the file, or all names in the directory, are on disk.</summary>
    /// <exception cref="IOException">That is not certain.</exception>
    public static void Flush(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        var program = NativeLibrary.GetMainProgramHandle();
        var descriptor = Find<OpenFunction>(program, "open")(path, ReadOnly);
        if (descriptor < 0)
            throw Fail("opened to be flushed", path);
        try
        {
            if (Find<DescriptorFunction>(program, "fsync")(descriptor) != 0)
                throw Fail("flushed to disk", path);
        }
        finally
        {
            _ = Find<DescriptorFunction>(program, "close")(descriptor);
        }
    }

    // Looked up in the program rather than imported from a library, so that tests can put a failing function in front.
    private static TFunction Find<TFunction>(nint program, string name) where TFunction : Delegate =>
        Marshal.GetDelegateForFunctionPointer<TFunction>(NativeLibrary.GetExport(program, name));

    private static IOException Fail(string what, string path) =>
        new($"{path} could not be {what}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
}
