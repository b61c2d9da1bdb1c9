using Grpc.Core;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>What handlers need of rooms and of the history.</summary>
internal static class RoomCalls
{
    /// <summary>Makes a room, or leaves the one that has the name already.</summary>
    public static async Task CreateRoomAsync(this P2PGrpcClient client, string name, CancellationToken cancellationToken)
    {
        try
        {
            var request = new CreateRoomRequest { Name = name };
            await client.CallAsync(options => client.Conversations.CreateRoomAsync(request, options), cancellationToken);
        }
        catch (P2PGrpcException fault) when (fault.StatusCode == StatusCode.AlreadyExists)
        {
            // Another handler was quicker.
        }
    }

    /// <summary>A page of history; null where there is no such conversation.</summary>
    public static async Task<ListMessagesResponse?> ListMessagesAsync(this P2PGrpcClient client, ListMessagesRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await client.CallAsync(options => client.Conversations.ListMessagesAsync(request, options), cancellationToken);
        }
        catch (P2PGrpcException fault) when (fault.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }
}
