using System.Text;
using P2PGrpc.Cli;
using P2PGrpc.Client.Tests.Fakes;

namespace P2PGrpc.Client.Tests.Cli;

/// <summary>Runs the program's commands in this process, with streams of its own, and keeps what they write.</summary>
internal sealed class Terminal : IDisposable
{
    private readonly SynchronizedWriter output = new();
    private readonly SynchronizedWriter error = new();

    public Dictionary<string, string> Environment { get; } = [];

    public Stream Input { get; init; } = Stream.Null;

    public string InputText
    {
        init => Input = new MemoryStream(Encoding.UTF8.GetBytes(value));
    }

    public byte[] InputBytes
    {
        init => Input = new MemoryStream(value);
    }

    public bool Colors { get; set; }

    public int Columns { get; set; } = 80;

    public Func<ConsoleKeyInfo>? ReadKey { get; set; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public string Output => output.Text;

    public string Error => error.Text;

    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public Surroundings Surroundings => new()
    {
        Output = output,
        Error = error,
        OpenInput = () => Input,
        Environment = name => Environment.GetValueOrDefault(name),
        Colors = Colors,
        Columns = () => Columns,
        ReadKey = ReadKey,
        Time = Time,
    };

    public Task<int> RunAsync(params string[] arguments) => RunAsync(CancellationToken.None, arguments);

    public Task<int> RunAsync(CancellationToken cancellationToken, params string[] arguments) =>
        CommandLine.RunAsync(arguments, Surroundings, cancellationToken);

    /// <summary>Runs a command at a node, found by its data directory.</summary>
    public Task<int> RunAtAsync(FakeNode node, params string[] arguments) => RunAsync([.. arguments, "--data", node.Directory]);

    public void Dispose()
    {
        output.Dispose();
        error.Dispose();
    }

    public static async Task WaitAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, limit.Token);
    }

    /// <summary>A writer that several tasks may write to while the test reads what is there.</summary>
    private sealed class SynchronizedWriter : TextWriter
    {
        private readonly StringBuilder text = new();

        public override Encoding Encoding => Encoding.UTF8;

        public string Text
        {
            get
            {
                lock (text)
                    return text.ToString();
            }
        }

        public override void Write(char value)
        {
            lock (text)
                text.Append(value);
        }

        public override void Write(string? value)
        {
            lock (text)
                text.Append(value);
        }
    }
}
