using System.Net.Sockets;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Wire;

/// <summary>Says why an address can't be listened on, where nobody else has it.</summary>
internal static class ListenFaults
{
    /// <summary>The reason where the machine does not have the address: at another time it may, as it may be given one late. The program's exit code follows from it.</summary>
    public const string Missing = "ADDRESS_MISSING";

    /// <param name="fault">Why.</param>
    /// <param name="place">The address, and for whom it is.</param>
    /// <param name="option">Where another one is given.</param>
    public static NodeStartException Explain(Exception fault, string place, string option) => IsMissing(fault)
        ? new NodeStartException(Missing, $"This machine has no address to listen on {place} now. Start again when it has, or choose another address with {option}.", fault)
        : new NodeStartException("OPTIONS_INVALID", $"This machine can't listen on {place}: {DisplayText.Sentence(fault.Message)} Choose another address with {option}.", fault);

    public static bool IsMissing(Exception fault) => fault is SocketException { SocketErrorCode: SocketError.AddressNotAvailable }
        || (fault.InnerException is { } inner && IsMissing(inner));
}
