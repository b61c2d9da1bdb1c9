namespace P2PGrpc.Cli;

/// <summary>What the program's exit says. docs/cli.md and the help text list them.</summary>
internal static class ExitCodes
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int Usage = 2;
    public const int Unreachable = 3;
    public const int Refused = 4;
    public const int NotDelivered = 5;
    public const int HungUp = 129;
    public const int Interrupted = 130;
    public const int ReaderGone = 141;
    public const int Terminated = 143;

    public const string Explanation = """
          0    done
          1    failure
          2    the command line, the environment or the configuration file is wrong, or what
               is to be sent is no message: empty, too long, or a text that is no UTF-8
          3    no node can be reached, or it went away meanwhile
          4    the node refused; the message says why
          5    accepted and on its way, but not delivered, or not answered, within the time
               that --wait had
          130  ended by Ctrl-C (129: the terminal was closed, 143: by SIGTERM); 'run' ends with 0 then
          141  whoever read the output is gone
        """;
}
