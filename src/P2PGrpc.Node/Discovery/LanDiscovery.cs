using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Discovery;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Discovery;

/// <summary>Announces this node on the local network, and hears others. Networks come and go: what can't be had is tried again with the next announcement.</summary>
internal sealed class LanDiscovery : IAsyncDisposable
{
    /// <summary>The time between two announcements.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>The time between the first announcements, and how many there are: those who start with this node may not listen yet, and datagrams get lost.</summary>
    private static readonly TimeSpan FirstInterval = TimeSpan.FromSeconds(1);
    private const int FirstAnnouncements = 3;

    private readonly LanGroup group;
    private readonly IPAddress listening;
    private readonly LanHearing hearing;
    private readonly Func<ulong, byte[]> announce;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly CancellationTokenSource stopping = new();
    private readonly HashSet<IPAddress> joined = [];
    private readonly Task running;
    private Task receiving = Task.CompletedTask;
    private IReadOnlyList<LocalNetwork> networks = [];
    private Socket? socket;
    private string lastFault = "";

    /// <param name="group">Where to announce.</param>
    /// <param name="listening">Where this node takes links: it is announced on the networks of that address only.</param>
    /// <param name="key">Signs.</param>
    /// <param name="instance">This process's random number.</param>
    /// <param name="hearing">Judges what is heard.</param>
    /// <param name="time">The node's clock.</param>
    /// <param name="log">Hears what does not work.</param>
    public LanDiscovery(LanGroup group, IPEndPoint listening, IdentityKey key, ulong instance, LanHearing hearing, TimeProvider time, ILogger log)
    {
        (this.group, this.listening, this.hearing, this.time, this.log) = (group, listening.Address, hearing, time, log);
        announce = number => new LanAnnouncement(key.PeerId, (ushort)listening.Port, instance, number).Sign(key);
        running = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        socket?.Dispose();
        await receiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        for (ulong number = 1; ; number++)
        {
            try
            {
                Join();
                await SendAsync(announce(number)).ConfigureAwait(false);
                lastFault = "";
            }
            catch (Exception failed) when (failed is not OperationCanceledException)
            {
                // The same every half minute would only fill the log.
                if (lastFault != failed.Message)
                    DiscoveryLog.Failed(log, $"{group.Address}:{group.Port}", failed.Message);
                lastFault = failed.Message;
            }

            await Task.Delay(number < FirstAnnouncements ? FirstInterval : Interval, time, stopping.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Listens, on each network that has come since the last time too.</summary>
    private void Join()
    {
        if (receiving.IsCompleted)
        {
            socket?.Dispose();
            joined.Clear();
            socket = Open();
            receiving = ReceiveAsync(socket);
        }

        Volatile.Write(ref networks, LocalNetwork.Find(listening));
        joined.IntersectWith(networks.Select(network => network.Address));
        foreach (var network in networks)
            if (!joined.Contains(network.Address) && TryJoin(network.Address))
                joined.Add(network.Address);
    }

    private Socket Open()
    {
        var opened = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            // Several nodes of one machine hear the same group.
            opened.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            opened.Bind(new IPEndPoint(IPAddress.Any, group.Port));
            return opened;
        }
        catch (SocketException)
        {
            opened.Dispose();
            throw;
        }
    }

    private bool TryJoin(IPAddress address)
    {
        try
        {
            socket!.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(group.Address, address));
            return true;
        }
        catch (SocketException refused)
        {
            // A network that went and came back may still be joined.
            return refused.SocketErrorCode == SocketError.AddressAlreadyInUse;
        }
    }

    private async Task ReceiveAsync(Socket from)
    {
        var buffer = new byte[LanAnnouncement.Length + 1];
        while (!stopping.IsCancellationRequested)
            try
            {
                var received = await from.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), stopping.Token).ConfigureAwait(false);
                var source = ((IPEndPoint)received.RemoteEndPoint).Address;
                // A source elsewhere is made up: it must not be a way to have this node dial there.
                var isNear = Volatile.Read(ref networks).Any(network => network.Contains(source));
                hearing.Hear(isNear ? buffer.AsSpan(0, received.ReceivedBytes) : [], source);
            }
            catch (SocketException failed) when (failed.SocketErrorCode == SocketError.MessageSize)
            {
                hearing.Hear([], IPAddress.None);
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                return;
            }
    }

    private async Task SendAsync(byte[] announcement)
    {
        foreach (var (address, _) in networks)
            try
            {
                using var sending = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                sending.Bind(new IPEndPoint(address, 0));
                sending.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, BitConverter.ToInt32(address.GetAddressBytes()));
                sending.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, 1);
                await sending.SendToAsync(announcement, SocketFlags.None, new IPEndPoint(group.Address, group.Port), stopping.Token).ConfigureAwait(false);
            }
            catch (SocketException unreachable)
            {
                // One network that is down must not keep the others from hearing.
                DiscoveryLog.NotAnnounced(log, address.ToString(), unreachable.Message);
            }
    }
}
