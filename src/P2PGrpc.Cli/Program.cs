using System.Runtime.InteropServices;
using P2PGrpc.Cli;

// The first signal ends a command in order; a second one finds no handler any more and ends the process at once.
using var ending = new CancellationTokenSource();
var exitCode = ExitCodes.Interrupted;
var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => End(context, ExitCodes.Interrupted));
var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => End(context, ExitCodes.Terminated));

var result = await CommandLine.RunAsync(args, Surroundings.OfProcess(), ending.Token);
// A registration that nothing refers to is collected, and the signal then ends the process unasked: these live as long as the command.
GC.KeepAlive(interrupt);
GC.KeepAlive(terminate);
return result == ExitCodes.Interrupted ? exitCode : result;

void End(PosixSignalContext context, int code)
{
    if (ending.IsCancellationRequested)
        return;
    context.Cancel = true;
    exitCode = code;
    ending.Cancel();
}
