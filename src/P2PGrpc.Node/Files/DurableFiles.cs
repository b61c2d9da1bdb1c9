using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace P2PGrpc.Node.Files;

/// <summary>The few calls of the operating system that .NET does not offer, or whose errors it swallows. Thread-safe.
/// Looked up in the program itself, where tests can stand in for them.</summary>
internal static class DurableFiles
{
    [UnmanagedFunctionPointer(CallingConvention.Cdecl, SetLastError = true)]
    private delegate int SyncCall(int descriptor);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl, SetLastError = true)]
    private delegate int OpenCall([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl, SetLastError = true)]
    private delegate int LinkCall([MarshalAs(UnmanagedType.LPUTF8Str)] string existing, [MarshalAs(UnmanagedType.LPUTF8Str)] string added);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl, SetLastError = true)]
    private delegate int AccessCall([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int mode);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl, SetLastError = true)]
    private delegate int DescribeCall(int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] description);

    /// <summary>Brings a file's bytes to the disk. FileStream.Flush(true) would hide a failing fsync.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public static void Sync(SafeFileHandle file)
    {
        if (OperatingSystem.IsWindows())
        {
            RandomAccess.FlushToDisk(file);
            return;
        }

        var added = false;
        try
        {
            file.DangerousAddRef(ref added);
            Sync((int)file.DangerousGetHandle());
        }
        finally
        {
            if (added)
                file.DangerousRelease();
        }
    }

    /// <summary>Brings a file's bytes, or a directory's entries, to the disk: a new or renamed file is still there after a power loss only
    /// once its directory is. Does nothing on Windows, where directories can't be flushed.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public static void Sync(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        const int readOnly = 0;
        var descriptor = Find<OpenCall>("open")(path, readOnly);
        if (descriptor < 0)
            throw LastError($"{path} can't be opened to be flushed");
        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        Sync(descriptor);
    }

    /// <summary>Whether this user may read a file or directory, and write or enter it if asked. False only where the system says that it is for lack of permission:
    /// what else is wrong is told better by whatever opens it.</summary>
    public static bool MayAccess(string path, bool writes, bool enters)
    {
        const int reading = 4, writing = 2, entering = 1, notPermitted = 1, denied = 13;
        if (OperatingSystem.IsWindows())
            return true;
        return Find<AccessCall>("access")(path, reading | (writes ? writing : 0) | (enters ? entering : 0)) == 0
            || Marshal.GetLastPInvokeError() is not (notPermitted or denied);
    }

    /// <summary>Whether a directory lies on a file system that nobody may write to.</summary>
    public static bool IsReadOnly(string directory)
    {
        const int writing = 2, readOnlyFileSystem = 30;
        return !OperatingSystem.IsWindows() && Find<AccessCall>("access")(directory, writing) != 0 && Marshal.GetLastPInvokeError() == readOnlyFileSystem;
    }

    /// <summary>The number of the user to whom a file or directory belongs; null where the system does not say.</summary>
    public static uint? FindOwner(string path)
    {
        // The form of statx is the same on each machine, that of stat is not.
        const int currentDirectory = -100, length = 256, place = 20;
        const uint owner = 8;
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "statx", out _))
            return null;
        var description = new byte[length];
        return Find<DescribeCall>("statx")(currentDirectory, path, 0, owner, description) == 0 ? BitConverter.ToUInt32(description, place) : null;
    }

    /// <summary>Gives a finished file its name in one step. False, and nothing changed, if the name is taken already.</summary>
    /// <exception cref="IOException">The file system refused.</exception>
    public static bool TryPublish(string temporary, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            try
            {
                File.Move(temporary, path, overwrite: false);
                return true;
            }
            catch (IOException) when (File.Exists(path))
            {
                return false;
            }
        }

        if (Find<LinkCall>("link")(temporary, path) == 0)
        {
            File.Delete(temporary);
            return true;
        }

        // The error number differs between platforms; that the name is there is what counts.
        var error = LastError($"The file {path} can't be made");
        return File.Exists(path) ? false : throw error;
    }

    private static void Sync(int descriptor)
    {
        if (Find<SyncCall>("fsync")(descriptor) != 0)
            throw LastError("fsync failed");
    }

    private static TCall Find<TCall>(string name)
        where TCall : Delegate
        => Marshal.GetDelegateForFunctionPointer<TCall>(NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), name));

    private static IOException LastError(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"{what}: {new Win32Exception(error).Message}.", error);
    }
}
