using P2PGrpc.Benchmarks;
using P2PGrpc.Benchmarks.Measuring;
using P2PGrpc.Benchmarks.Workers;

// Everything that takes part in a measurement is a process of its own: this program in one of its roles.
if (args is ["worker", .. var role])
{
    await WorkerRoles.RunAsync(role);
    return 0;
}

var settings = args.Contains("--quick") ? BenchmarkSettings.Quick : BenchmarkSettings.Full;
foreach (var (name, contenders) in Parts.All)
{
    Console.WriteLine(name);
    foreach (var row in await Rounds.RunAsync(settings, contenders)) Console.WriteLine(row);
}
return 0;
