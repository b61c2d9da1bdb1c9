namespace P2PGrpc.Node.Rooms;

/// <summary>What is wrong with a change of the rooms.</summary>
internal enum RoomBookFault
{
    InvalidName,
    InvalidTicket,
    InvalidMember,
    Unknown,
    Left,
    NameTaken,
    Full,
}

/// <summary>A change of the rooms that can't be made. The message says why and what to do.</summary>
internal sealed class RoomBookException(RoomBookFault fault, string message) : Exception(message)
{
    public RoomBookFault Fault { get; } = fault;

    /// <summary>The room that is meant, where one is.</summary>
    public string? Room { get; init; }
}
