using System.Runtime.InteropServices;
using P2PGrpc.Cli;

StandardStreams.Restore();

// The first signal ends a command in order; a second one finds no handler any more and ends the process at once.
using var ending = new CancellationTokenSource();
var surroundings = Surroundings.OfProcess();
var exitCode = ExitCodes.Interrupted;
// Disposed at the end, so held until then: a registration that the collector takes away leaves the signal to the system.
using var interruption = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => End(context, ExitCodes.Interrupted));
using var termination = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => End(context, ExitCodes.Terminated));
using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
{
    if (surroundings.Hangup.TryHandle())
        context.Cancel = true;
    else
        End(context, ExitCodes.HungUp);
});

var result = await CommandLine.RunAsync(args, surroundings, ending.Token);
return result == ExitCodes.Interrupted ? exitCode : result;

void End(PosixSignalContext context, int code)
{
    if (ending.IsCancellationRequested)
        return;
    context.Cancel = true;
    exitCode = code;
    ending.Cancel();
}
