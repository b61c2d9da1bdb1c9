using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace P2PGrpc.Node.Upkeep;

/// <summary>Looks whether a node could listen where it shall, and who else does.</summary>
internal static class PortChecks
{
    /// <summary>How long a connection to this machine itself may take.</summary>
    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(1);

    private static readonly string[] SocketTables = ["/proc/net/tcp", "/proc/net/tcp6"];

    /// <summary>Looks at all ports of a node that does not run, by the names of the options that give them.</summary>
    public static void Check(IReadOnlyList<KeyValuePair<string, IPEndPoint>> ports, Findings findings)
    {
        for (var index = 0; index < ports.Count; index++)
        {
            var (name, address) = ports[index];
            if (ports.Take(index).FirstOrDefault(other => Overlap(other.Value, address)).Key is { } other)
                findings.Fail(name, $"{address} is where --{other} listens, too.", $"Give --{name} a port of its own.");
            else
                Check(name, address, $"--{name}", findings);
        }
    }

    private static bool Overlap(IPEndPoint one, IPEndPoint other) =>
        one.Port == other.Port && one.Port != 0 && (one.Address.Equals(other.Address) || IsAny(one.Address) || IsAny(other.Address));

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static void Check(string check, IPEndPoint address, string option, Findings findings)
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

    /// <summary>Looks whether somebody listens where this node, or the program around it, serves something.</summary>
    public static async Task CheckTakenAsync(string check, string url, TimeProvider time, Findings findings, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var place))
        {
            findings.Fail(check, $"'{url}' is no URL.", "The program that runs the node names it: mend it there.");
            return;
        }

        var host = place.IdnHost switch
        {
            "0.0.0.0" => "127.0.0.1",
            "::" => "::1",
            var other => other,
        };
        using var limit = new CancellationTokenSource(ConnectTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(host, place.Port, either.Token).ConfigureAwait(false);
            findings.Ok(check, $"It takes connections at {url}.");
        }
        catch (Exception closed) when (closed is SocketException || limit.IsCancellationRequested)
        {
            findings.Fail(check, $"Nobody takes connections at {url}: {closed.Message}", "Look whether something is in between; look into the node's log; restart it.");
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
