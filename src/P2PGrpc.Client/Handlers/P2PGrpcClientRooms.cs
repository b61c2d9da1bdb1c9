using Grpc.Core;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <content>What handlers need of rooms and of the history.</content>
public sealed partial class P2PGrpcClient
{
    /// <summary>Makes a room, or leaves the one that has the name already.</summary>
    internal async Task CreateRoomAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var request = new CreateRoomRequest { Name = name };
            await CallAsync(options => Conversations.CreateRoomAsync(request, options), SendSettings.Default, retryFor, cancellationToken);
        }
        catch (P2PGrpcException fault) when (fault.StatusCode == StatusCode.AlreadyExists)
        {
            // Another handler was quicker.
        }
    }

    /// <summary>A page of history; null where there is no such conversation.</summary>
    internal async Task<ListMessagesResponse?> ListMessagesAsync(ListMessagesRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await CallAsync(options => Conversations.ListMessagesAsync(request, options), SendSettings.Default, retryFor, cancellationToken);
        }
        catch (P2PGrpcException fault) when (fault.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }
}
