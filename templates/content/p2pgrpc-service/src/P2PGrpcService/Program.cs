using P2PGrpcService;

await ServiceHost.Build(ServiceHost.CreateBuilder(args)).RunAsync();
