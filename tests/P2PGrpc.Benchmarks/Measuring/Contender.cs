namespace P2PGrpc.Benchmarks.Measuring;

/// <summary>One way of doing a piece of work.</summary>
/// <param name="Name">What the report calls it; one of a kind within its part.</param>
/// <param name="Promise">What holds when a message counts: who has it, who fsynced, who acknowledged.</param>
/// <param name="StartAsync">Starts its processes into the setup. Throws <see cref="UnavailableException"/> where this machine can't.</param>
internal sealed record Contender(string Name, string Promise, Func<Setup, Task> StartAsync);

/// <summary>Something that a contender needs is not on this machine.</summary>
internal sealed class UnavailableException(string message) : Exception(message);
