using Xunit;

namespace P2PGrpc.EndToEnd.Harness;

/// <summary>Tests that hold a node to times or memory: nothing else may run beside them on a machine of few cores.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
