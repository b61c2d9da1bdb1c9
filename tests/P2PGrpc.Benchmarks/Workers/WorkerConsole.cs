using System.Globalization;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>How a worker is told what to do: one word a line on its input, one line of answer each. The end of its input ends it.</summary>
internal static class WorkerConsole
{
    /// <summary>Says that the worker is ready and serves commands until the input ends or the work fails.</summary>
    /// <param name="tally">What the worker counts.</param>
    /// <param name="gate">What lets its load flow.</param>
    /// <param name="work">The worker's loops; they end only by failing.</param>
    public static async Task ServeAsync(Tally tally, LoadGate gate, params Task[] work)
    {
        Console.WriteLine("ready");
        var commands = Task.Run(() => Answer(tally, gate));
        await await Task.WhenAny([commands, .. work]);
    }

    private static void Answer(Tally tally, LoadGate gate)
    {
        while (Console.ReadLine() is { } command)
            Console.WriteLine(Carry(command, tally, gate));
    }

    private static string Carry(string command, Tally tally, LoadGate gate)
    {
        switch (command)
        {
            case "go":
                gate.Open();
                return "going";
            case "rest":
                gate.Close();
                return "resting";
            case "begin":
                tally.Begin();
                return "begun";
            case "end":
                return tally.End();
            case "total":
                return tally.Total.ToString(CultureInfo.InvariantCulture);
            default:
                return $"unknown command {command}";
        }
    }
}
