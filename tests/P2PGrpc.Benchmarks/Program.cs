using P2PGrpc.Benchmarks;
using P2PGrpc.Benchmarks.Workers;

// Everything that takes part in a measurement is a process of its own: this program in one of its roles.
if (args is ["worker", .. var role])
{
    await WorkerRoles.RunAsync(role);
    return 0;
}

return await BenchmarkRun.RunAsync(args);
