namespace P2PGrpc.Simulation;

/// <summary>Who is linked to whom in a simulated run.</summary>
internal enum Topology
{
    /// <summary>No room: each pair of nodes has a direct conversation of its own.</summary>
    Pairs,

    /// <summary>A room over a chain through all nodes, and half of all other pairs.</summary>
    Random,

    /// <summary>A room whose members are all linked with each other.</summary>
    Mesh,

    /// <summary>A room in which each member is linked with two.</summary>
    Ring,

    /// <summary>A room in which all are linked with one member, and with nobody else.</summary>
    Star,

    /// <summary>A room in which each member is linked with a few others, drawn at random.</summary>
    PartialView,
}
