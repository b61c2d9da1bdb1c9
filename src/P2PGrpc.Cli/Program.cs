using System.Runtime.InteropServices;
using P2PGrpc.Cli;

// The first signal ends a command in order; a second one finds no handler any more and ends the process at once.
using var ending = new CancellationTokenSource();
var exitCode = ExitCodes.Interrupted;
var signals = new List<PosixSignalRegistration>();
signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, context => End(context, ExitCodes.Interrupted)));
signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => End(context, ExitCodes.Terminated)));

var result = await CommandLine.RunAsync(args, Surroundings.OfProcess(), ending.Token);
return result == ExitCodes.Interrupted ? exitCode : result;

void End(PosixSignalContext context, int code)
{
    if (ending.IsCancellationRequested)
        return;
    context.Cancel = true;
    exitCode = code;
    ending.Cancel();
}
