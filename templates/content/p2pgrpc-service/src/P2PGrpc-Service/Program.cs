using P2PGrpc_Service;

await ServiceHost.Build(ServiceHost.CreateBuilder(args)).RunAsync();
