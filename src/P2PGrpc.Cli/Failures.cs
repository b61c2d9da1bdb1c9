using Grpc.Core;
using P2PGrpc.Client;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Cli;

/// <summary>Turns what went wrong into one line on stderr and an exit code.</summary>
internal static class Failures
{
    // A node's sentence may quote a peer; nothing that is worth reading is longer.
    private const int LongestLine = 1000;

    private const string StackTraceVariable = "P2PGRPC_STACK_TRACE";

    /// <summary>Runs a command's body.</summary>
    /// <returns>Its exit code, or that of what went wrong.</returns>
    public static async Task<int> GuardAsync(Surroundings surroundings, Func<Task<int>> body, CancellationToken cancellationToken)
    {
        try
        {
            return await body();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        catch (OutputClosedException)
        {
            return ExitCodes.ReaderGone;
        }
        catch (OutputFailedException fault)
        {
            return Report(surroundings, fault.Message, ExitCodes.Failure);
        }
        catch (CommandException fault)
        {
            return Report(surroundings, fault.Message, fault.ExitCode);
        }
        catch (RpcException fault)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Report(surroundings, P2PGrpcException.From(fault));
        }
        catch (P2PGrpcException fault)
        {
            return Report(surroundings, fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Report(surroundings, fault.Message, ExitCodes.Failure);
        }
    }

    /// <summary>Tells of a fault of this program itself. Where it happened interests only those who mend it.</summary>
    public static int ReportUnforeseen(Surroundings surroundings, Exception fault)
    {
        if (surroundings.Environment(StackTraceVariable) is not { Length: > 0 })
            return Report(
                surroundings,
                $"This should not have happened: {fault.Message} ({fault.GetType().Name}). Please report it, with what {StackTraceVariable}=1 in the environment adds.",
                ExitCodes.Failure);
        Report(surroundings, $"This should not have happened: {fault.Message}", ExitCodes.Failure);
        foreach (var line in fault.ToString().Split('\n'))
            surroundings.Error.WriteLine(DisplayText.Clean(line, LongestLine));
        return ExitCodes.Failure;
    }

    public static int Report(Surroundings surroundings, string message, int exitCode)
    {
        surroundings.Error.WriteLine("p2pgrpc: " + DisplayText.Clean(message, LongestLine));
        surroundings.Error.Flush();
        return exitCode;
    }

    public static int FindExitCode(P2PGrpcException fault) => fault.StatusCode switch
    {
        StatusCode.Unauthenticated when fault.Reason == P2PGrpcException.TokenUnreadable => ExitCodes.Failure,
        StatusCode.Unavailable when fault.Reason == P2PGrpcException.NodeUnreachable => ExitCodes.Unreachable,
        StatusCode.DeadlineExceeded or StatusCode.Internal or StatusCode.Unknown or StatusCode.DataLoss or StatusCode.Cancelled => ExitCodes.Failure,
        _ => ExitCodes.Refused,
    };

    // The node speaks of headers, which nobody types here.
    private static int Report(Surroundings surroundings, P2PGrpcException fault) => Report(
        surroundings, fault.Reason == "TOKEN_MISSING" ? $"{fault.Message} Name that file by --token-file." : fault.Message, FindExitCode(fault));
}
