using System.Runtime.InteropServices;
using P2PGrpc.Cli;

StandardStreams.Restore();

// The first signal ends a command in order; one that comes a second later or after that is left to the system, which ends the process at once.
using var ending = new CancellationTokenSource();
var surroundings = Surroundings.OfProcess();
var exitCode = ExitCodes.Interrupted;
var signals = new EndSignals(TimeProvider.System);
// Held to the very end, and not disposed before: without a registration the signal is left to the system, which kills a process that is about to end in order.
var interruption = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => End(context, ExitCodes.Interrupted));
var termination = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => End(context, ExitCodes.Terminated));
var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
{
    if (surroundings.Hangup.TryHandle())
        context.Cancel = true;
    else
        End(context, ExitCodes.HungUp);
});

var result = await CommandLine.RunAsync(args, surroundings, ending.Token);
GC.KeepAlive(interruption);
GC.KeepAlive(termination);
GC.KeepAlive(hangup);
return result == ExitCodes.Interrupted ? exitCode : result;

void End(PosixSignalContext context, int code)
{
    var signal = signals.Take();
    context.Cancel = signal != EndSignal.Impatient;
    if (signal != EndSignal.First)
        return;
    exitCode = code;
    ending.Cancel();
}
