using Xunit.Sdk;
using Xunit.v3;

// The machine has few cores and several tests hold the node to times: one after another.
[assembly: Parallelization(Mode = ParallelMode.None)]
