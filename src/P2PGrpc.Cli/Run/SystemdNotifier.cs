using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace P2PGrpc.Cli.Run;

/// <summary>Tells systemd how this process is, by the datagrams of sd_notify(3). Without $NOTIFY_SOCKET nobody asked, and nothing is sent. What can't be told is
/// left out: a node does not end for that. Thread-safe.</summary>
internal sealed class SystemdNotifier : IDisposable
{
    public const string Ready = "READY=1";
    public const string Stopping = "STOPPING=1";
    public const string Watchdog = "WATCHDOG=1";

    private readonly Socket? socket;

    private SystemdNotifier(Socket? socket, TimeSpan? watchdog)
    {
        this.socket = socket;
        WatchdogTime = watchdog;
    }

    /// <summary>True if somebody listens.</summary>
    public bool IsWatched => socket is not null;

    /// <summary>How long the service may be silent before systemd takes it for dead; null if it does not watch.</summary>
    public TimeSpan? WatchdogTime { get; }

    /// <summary>Finds out from the environment whether this process is a service of systemd's.</summary>
    public static SystemdNotifier Connect(Func<string, string?> environment)
    {
        var path = environment("NOTIFY_SOCKET");
        // A name in the abstract namespace is written with '@' in place of the zero byte.
        if (path is not { Length: > 1 } || path[0] is not ('/' or '@'))
            return new SystemdNotifier(null, null);
        // A system that is slow to read must not hold up the node.
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path));
            return new SystemdNotifier(socket, ReadWatchdogTime(environment));
        }
        catch (Exception unreachable) when (unreachable is SocketException or ArgumentException)
        {
            socket.Dispose();
            return new SystemdNotifier(null, null);
        }
    }

    /// <summary>Sends assignments, such as <see cref="Ready"/>, in one datagram.</summary>
    public void Send(params ReadOnlySpan<string> assignments)
    {
        try
        {
            socket?.Send(Encoding.UTF8.GetBytes(string.Join('\n', assignments)));
        }
        catch (Exception unsent) when (unsent is SocketException or ObjectDisposedException)
        {
            // The next one tells the same.
        }
    }

    /// <summary>The assignment that shows a sentence in 'systemctl status'.</summary>
    public static string Status(string sentence) => "STATUS=" + sentence.ReplaceLineEndings(" ");

    public void Dispose() => socket?.Dispose();

    private static TimeSpan? ReadWatchdogTime(Func<string, string?> environment)
    {
        // Meant for another process, which has started this one, it is none of ours.
        var isOther = environment("WATCHDOG_PID") is { Length: > 0 } process
            && process != Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return !isOther && ulong.TryParse(environment("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
            && microseconds is > 0 and <= (ulong)(int.MaxValue * 1000L)
            ? TimeSpan.FromMicroseconds(microseconds)
            : null;
    }
}
