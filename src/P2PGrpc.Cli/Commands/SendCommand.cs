using System.CommandLine;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Client;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc send bob "hello"</c>: hands one message over, and prints its reference and state.</summary>
internal sealed class SendCommand
{
    private readonly Argument<string> to = new("to") { Description = "Where to: an alias, a peer id, host:port, '#room', or self" };

    private readonly Argument<string?> text = new("text")
    {
        Description = "The text; - reads it from standard input (one line end at its end is dropped)",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> file = new("--file")
    {
        Description = "Send the bytes of this file instead of a text; - reads standard input",
        HelpName = "PATH",
    };

    private readonly Option<string?> contentType = new("--content-type")
    {
        Description = "What the file holds [default: application/octet-stream]",
        HelpName = "TYPE",
    };

    private readonly Option<string[]> headers = new("--header") { Description = "A header; may be repeated", HelpName = "NAME=VALUE" };

    private readonly Option<string?> messageId = new("--message-id")
    {
        Description = "The idempotency key: the same again is the same message [default: a random one]",
        HelpName = "ID",
    };

    private readonly Option<bool> ephemeral = new("--ephemeral")
    {
        Description = "Never store it: it arrives at most once, and only if the peer is linked now",
    };

    private readonly Option<bool> wait = new("--wait") { Description = "Wait until it is on the recipient's disk (exit code 5 if that takes too long)" };

    private readonly Option<TimeSpan?> timeout = Durations.CreateOption("--timeout", "How long to wait in all [default: 30s]");

    private readonly Option<bool> json = JsonOption.Create();

    public static Command Create(Surroundings surroundings)
    {
        var send = new SendCommand();
        var command = new Command("send", "Sends a message, and prints its reference and state.")
        {
            send.to, send.text, send.file, send.contentType, send.headers, send.messageId, send.ephemeral, send.wait, send.timeout, send.json,
        };
        var node = NodeSelection.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings, () => send.RunAsync(parsed, node, surroundings, cancellationToken), cancellationToken));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, NodeSelection node, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var recipient = parsed.GetRequiredValue(to);
        var waiting = parsed.GetValue(wait);
        if (waiting && parsed.GetValue(ephemeral))
            throw CommandException.Usage("--wait and --ephemeral don't go together: an ephemeral message is never known to be delivered.");
        await using var client = node.Open(parsed, surroundings);
        var message = await ReadMessageAsync(parsed, surroundings, cancellationToken);
        var settings = new SendSettings
        {
            WaitForDelivery = waiting,
            Ephemeral = parsed.GetValue(ephemeral),
            Timeout = parsed.GetValue(timeout),
        };
        var receipt = await SendAsync(client, recipient, message, settings, cancellationToken);
        try
        {
            surroundings.Write(parsed.GetValue(json)
                ? JsonLines.Receipt(recipient, receipt)
                : receipt.Reference.Length > 0 ? $"{receipt.Reference} {JsonLines.State(receipt.State)}" : JsonLines.State(receipt.State));
        }
        catch (OutputFailedException unwritten)
        {
            // Whoever takes this for a failure of the message sends it a second time.
            throw new CommandException(ExitCodes.Failure, $"The message was taken ({receipt.Reference} {JsonLines.State(receipt.State)}). {unwritten.Message}");
        }

        if (!waiting || receipt.State == DeliveryState.Delivered)
            return ExitCodes.Success;
        return Failures.Report(
            surroundings, $"accepted, but {recipient} has not confirmed it in time; the node goes on trying.", ExitCodes.NotDelivered);
    }

    private static async Task<SendReceipt> SendAsync(
        P2PGrpcClient client, string recipient, OutgoingMessage message, SendSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            return await client.SendAsync(recipient, message, settings, cancellationToken);
        }
        catch (P2PGrpcException fault) when (fault.MayHaveHappened && message.MessageId is { } id)
        {
            throw new CommandException(Failures.FindExitCode(fault), $"{fault.Message} {AdviseRepeating(id)}");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && message.MessageId is { } id)
        {
            throw new CommandException(ExitCodes.Interrupted, $"Interrupted. {AdviseRepeating(id)}");
        }
    }

    // Whoever simply repeats the command would send a second message.
    private static string AdviseRepeating(string messageId) =>
        $"Whether the node took the message is not known. To send it again without risk, add: --message-id {ShellWord.Quote(messageId)}";

    private async Task<OutgoingMessage> ReadMessageAsync(ParseResult parsed, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var given = parsed.GetValue(text);
        var path = parsed.GetValue(file);
        if (given is null == path is null)
            throw CommandException.Usage(given is null ? "Nothing to send: give a text, - or --file." : "Give a text or --file, not both.");
        if (path is null && parsed.GetValue(contentType) is not null)
            throw CommandException.Usage("--content-type goes with --file.");
        if (parsed.GetValue(messageId) is "")
            throw CommandException.Usage("--message-id is empty: give an id, or leave it out.");
        OutgoingMessage message;
        if (given is "")
            throw Empty("The text");
        if (path is not null)
            message = OutgoingMessage.FromData(
                await ReadFileAsync(path, surroundings, cancellationToken), parsed.GetValue(contentType) ?? "application/octet-stream");
        else if (given is "-")
            message = OutgoingMessage.FromText(await ReadTextAsync(surroundings, cancellationToken));
        else
            message = OutgoingMessage.FromText(given!);
        // Chosen here, so that it can be named where the answer does not come.
        return message with { Headers = ReadHeaders(parsed), MessageId = parsed.GetValue(messageId) ?? (parsed.GetValue(ephemeral) ? null : OutgoingMessage.NewMessageId()) };
    }

    private Dictionary<string, string> ReadHeaders(ParseResult parsed)
    {
        var read = new Dictionary<string, string>();
        foreach (var header in parsed.GetValue(headers) ?? [])
        {
            var equals = header.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1 || !read.TryAdd(header[..equals], header[(equals + 1)..]))
                throw CommandException.Usage($"--header '{header}': write NAME=VALUE, each name once.");
        }
        return read;
    }

    private static async Task<byte[]> ReadFileAsync(string path, Surroundings surroundings, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
            throw new CommandException(ExitCodes.Failure, $"{path} is a directory: --file sends the bytes of one file.");
        var name = path is "-" ? InputText.StandardInput : path;
        await using var source = path is "-" ? surroundings.OpenInput() : File.OpenRead(path);
        var bytes = await InputText.ReadAsync(source, InputText.LargestBody + 1, name, cancellationToken);
        if (bytes.Length == 0)
            throw Empty(name);
        return bytes.Length <= InputText.LargestBody ? bytes : throw InputText.TooLong(name);
    }

    private static async Task<string> ReadTextAsync(Surroundings surroundings, CancellationToken cancellationToken)
    {
        await using var input = surroundings.OpenInput();
        var bytes = await InputText.ReadAsync(input, InputText.LargestBody + "\r\n".Length + 1, InputText.StandardInput, cancellationToken);
        var text = bytes.AsMemory(0, bytes.Length - CountLineEnd(bytes));
        if (text.Length == 0)
            throw Empty(InputText.StandardInput);
        return text.Length <= InputText.LargestBody ? InputText.Decode(text.Span, InputText.StandardInput) : throw InputText.TooLong(InputText.StandardInput);
    }

    private static CommandException Empty(string source) => CommandException.Usage($"{source} is empty: a message has at least one byte.");

    private static int CountLineEnd(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [.., (byte)'\r', (byte)'\n'] => 2,
        [.., (byte)'\n'] => 1,
        _ => 0,
    };
}
