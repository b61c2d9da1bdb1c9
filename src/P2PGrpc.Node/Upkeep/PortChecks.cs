using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace P2PGrpc.Node.Upkeep;

/// <summary>Looks whether a node could listen where it shall, and who else does.</summary>
internal static class PortChecks
{
    private static readonly string[] SocketTables = ["/proc/net/tcp", "/proc/net/tcp6"];

    /// <param name="check">What it is called.</param>
    /// <param name="address">Where it shall listen.</param>
    /// <param name="option">The option that says so.</param>
    /// <param name="findings">Where it goes.</param>
    public static void Check(string check, IPEndPoint address, string option, Findings findings)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ExclusiveAddressUse = true };
            socket.Bind(address);
            socket.Listen();
            findings.Ok(check, $"{address} is free.");
        }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            findings.Fail(check, $"{address} is taken by {FindOwner(address.Port) ?? "another program"}.", $"Stop it, or give the node another address by {option}.");
        }
        catch (SocketException denied) when (denied.SocketErrorCode == SocketError.AccessDenied)
        {
            findings.Fail(check, $"This user may not listen on {address}.", $"Give the node a port above 1023 by {option}.");
        }
        catch (SocketException other)
        {
            findings.Fail(check, $"This machine can't listen on {address}: {other.Message}.", $"Give one of its own addresses by {option}, or 0.0.0.0.");
        }
    }

    /// <summary>The program that listens on a port, as far as Linux lets this user see it; else null.</summary>
    private static string? FindOwner(int port)
    {
        const int listening = 10;
        try
        {
            var inodes = SocketTables.Where(File.Exists).SelectMany(File.ReadLines).Skip(1)
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(columns => columns.Length > 9 && columns[1].EndsWith(string.Create(CultureInfo.InvariantCulture, $":{port:X4}"), StringComparison.Ordinal)
                    && columns[3] == listening.ToString("X2", CultureInfo.InvariantCulture))
                .Select(columns => $"socket:[{columns[9]}]").ToHashSet(StringComparer.Ordinal);
            return inodes.Count == 0 ? null : Directory.EnumerateDirectories("/proc").Where(path => Path.GetFileName(path).All(char.IsAsciiDigit))
                .Where(path => HasOpen(path, inodes)).Select(Describe).FirstOrDefault();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool HasOpen(string process, HashSet<string> inodes)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(Path.Combine(process, "fd")).Any(link => new FileInfo(link).LinkTarget is { } target && inodes.Contains(target));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string Describe(string process)
    {
        try
        {
            return $"{File.ReadAllText(Path.Combine(process, "comm")).Trim()} (process {Path.GetFileName(process)})";
        }
        catch (IOException)
        {
            return $"process {Path.GetFileName(process)}";
        }
    }
}
