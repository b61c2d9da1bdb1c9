using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace P2PGrpc.Node.Discovery;

/// <summary>A place of this machine in an IPv4 network. Immutable.</summary>
internal sealed record LocalNetwork(IPAddress Address, IPAddress Mask)
{
    /// <summary>The networks from which a node can be reached that listens there.</summary>
    /// <exception cref="NetworkInformationException">The system does not say.</exception>
    public static IReadOnlyList<LocalNetwork> Find(IPAddress listening)
    {
        var isAny = listening.Equals(IPAddress.Any) || listening.Equals(IPAddress.IPv6Any);
        return
        [
            .. NetworkInterface.GetAllNetworkInterfaces()
                .Where(network => network.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)
                .Where(network => !isAny || (network.SupportsMulticast && network.NetworkInterfaceType != NetworkInterfaceType.Loopback))
                .SelectMany(network => network.GetIPProperties().UnicastAddresses)
                .Where(unicast => unicast.Address.AddressFamily == AddressFamily.InterNetwork && (isAny || unicast.Address.Equals(listening)))
                .Select(unicast => new LocalNetwork(unicast.Address, unicast.IPv4Mask)),
        ];
    }

    /// <summary>True for an address of this network: whoever claims another one has not sent its datagram from here.</summary>
    public bool Contains(IPAddress other) => Prefix(other) == Prefix(Address);

    private uint Prefix(IPAddress address) => ToNumber(address) & ToNumber(Mask);

    private static uint ToNumber(IPAddress address) => BitConverter.ToUInt32(address.GetAddressBytes());
}
