using Xunit.Sdk;
using Xunit.v3;

// Most of these tests wait for processes, so two at a time take little more than half the time. Those of the collection Alone run after the others, one by one.
[assembly: Parallelization(Mode = ParallelMode.Collections, MaxThreads = 2)]
