using System.Globalization;
using System.Security.Cryptography;
using System.Threading.Channels;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Client;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary>
/// One chat: a task reads what is typed and sends it, one shows what comes, one asks for deliveries. It asks by sending the
/// same message_id again, waiting for DELIVERED: the node answers for the message it has, and nothing is sent twice.
/// </summary>
internal sealed class ChatSession(P2PGrpcClient client, string peer, string nodeOptions, Surroundings surroundings)
{
    private const int LongestLine = 2000;

    // On a screen a line is shown once, with the state that it reaches so soon; delivery to a linked peer takes milliseconds.
    private static readonly TimeSpan ShowTogether = TimeSpan.FromMilliseconds(300);

    // A node that answers at once that a message is only accepted is asked again after this.
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(250);

    private readonly MessageLines lines = new(surroundings.Time, $"p2pgrpc tail --from start --json{nodeOptions}");
    private readonly SentLines sent = new();

    // A room has no one recipient whose disk could be waited for.
    private readonly bool isRoom = peer.StartsWith('#');
    private readonly Channel<bool> changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Prompt prompt = new(surroundings);
    private readonly Lock screen = new();
    private readonly TaskCompletionSource joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool ended;

    public async Task<int> RunAsync(TimeSpan settle, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var incoming = ShowIncomingAsync(ending.Token);
        var deliveries = AwaitDeliveriesAsync(ending.Token);
        int exitCode;
        try
        {
            var typing = SendTypedAsync(ending.Token);
            // A subscription that fails says why the chat can't be: an unknown peer, a node that refuses.
            await await Task.WhenAny(typing, incoming, deliveries);
            exitCode = await typing;
            await JoinAsync(incoming, settle, cancellationToken);
            ended = true;
            changed.Writer.TryWrite(true);
            await SettleAsync(settle, cancellationToken);
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(incoming, deliveries).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            prompt.Close();
        }
        return exitCode;
    }

    /// <summary>Input may end before the node has said whether there is such a peer. One that answers does so at once.</summary>
    private async Task JoinAsync(Task incoming, TimeSpan settle, CancellationToken cancellationToken)
    {
        if (await Task.WhenAny(incoming, joined.Task, Task.Delay(settle, surroundings.Time, cancellationToken)) == incoming)
            await incoming;
    }

    private async Task<int> SendTypedAsync(CancellationToken cancellationToken)
    {
        var exitCode = ExitCodes.Success;
        // Reading a console can't be cancelled; the read that is left behind ends with the process.
        while (await Task.Run(prompt.ReadLine, CancellationToken.None).WaitAsync(cancellationToken) is { } typed)
        {
            if (typed.Length == 0)
                continue;
            var message = OutgoingMessage.FromText(typed) with { MessageId = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)) };
            try
            {
                var receipt = await SendAsync(message, cancellationToken);
                await ShowSentAsync(SentLine.Create(message, receipt), typed);
            }
            catch (P2PGrpcException fault)
            {
                exitCode = Failures.FindExitCode(fault);
                prompt.Write(Line(typed).Add(" ✗ ", StyledLine.Alarm).Add(DisplayText.Clean(fault.Message, LongestLine)));
            }
        }
        return exitCode;
    }

    /// <summary>Where the node is gone, or went in the midst of it, nobody knows whether the line was stored: it is given again, with the same message_id, until the
    /// node is back. So ✗ is said only of what was surely not taken.</summary>
    private async Task<SendReceipt> SendAsync(OutgoingMessage message, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await client.SendAsync(peer, message, cancellationToken: cancellationToken);
            }
            catch (P2PGrpcException gone) when (gone.Reason is P2PGrpcException.NodeUnreachable or P2PGrpcException.TimedOut)
            {
                await Task.Delay(AskAgain, surroundings.Time, cancellationToken);
            }
        }
    }

    private async Task ShowSentAsync(SentLine line, string typed)
    {
        if (isRoom)
        {
            prompt.Write(Line(typed).Add(" ✓", StyledLine.Own));
            return;
        }

        sent.Add(line);
        changed.Writer.TryWrite(true);
        if (surroundings.ReadKey is not null)
            await Task.WhenAny(line.Delivered.Task, Task.Delay(ShowTogether, surroundings.Time));
        lock (screen)
        {
            line.Shown = !line.Delivered.Task.IsCompleted;
            prompt.Write(Line(typed).Add(line.Shown ? " ✓" : " ✓✓", StyledLine.Own));
        }
    }

    private async Task ShowIncomingAsync(CancellationToken cancellationToken)
    {
        var settings = new SubscribeSettings
        {
            Conversation = peer,
            StartAt = StartAt.End,
            Interrupted = new InterruptionNotice(surroundings).Show,
        };
        await foreach (var response in client.SubscribeBatchesAsync(settings, cancellationToken))
        {
            joined.TrySetResult();
            foreach (var message in ReceivedMessage.Read(response))
                prompt.Write(lines.Create(message));
        }
    }

    private async Task AwaitDeliveriesAsync(CancellationToken cancellationToken)
    {
        while (await changed.Reader.WaitToReadAsync(cancellationToken))
        {
            _ = changed.Reader.TryRead(out _);
            while (sent.Find(newest: ended) is { } line)
            {
                if (!await IsDeliveredAsync(line, cancellationToken))
                    continue;
                lock (screen)
                {
                    foreach (var settled in sent.Settle(line))
                        ShowDelivered(settled);
                }
            }
        }
    }

    private async Task<bool> IsDeliveredAsync(SentLine line, CancellationToken cancellationToken)
    {
        try
        {
            // Short waits, so that at the end the newest line is asked for soon.
            var settings = new SendSettings { WaitForDelivery = true, Timeout = TimeSpan.FromSeconds(2) };
            if ((await client.SendAsync(peer, line.Message, settings, cancellationToken)).State == DeliveryState.Delivered)
                return true;
        }
        catch (P2PGrpcException)
        {
            // The line is accepted: what hinders asking now may have passed the next time.
        }
        await Task.Delay(AskAgain, surroundings.Time, cancellationToken);
        return false;
    }

    private async Task SettleAsync(TimeSpan settle, CancellationToken cancellationToken)
    {
        var started = surroundings.Time.GetTimestamp();
        while (sent.Count > 0 && surroundings.Time.GetElapsedTime(started) < settle)
        {
            if (sent.Find(newest: true) is { } last)
                await Task.WhenAny(last.Delivered.Task, Task.Delay(AskAgain, surroundings.Time, cancellationToken));
        }
        cancellationToken.ThrowIfCancellationRequested();
        if (sent.Count > 0)
            Failures.Report(
                surroundings,
                string.Create(CultureInfo.InvariantCulture, $"{sent.Count} of the lines are accepted, but not yet delivered; the node goes on trying."),
                ExitCodes.Success);
    }

    // Under the screen's lock: a line that is still to be shown will be shown with this state at once.
    private void ShowDelivered(SentLine line)
    {
        if (line.Shown)
            prompt.Write(
                new StyledLine().Add(Now(), StyledLine.Dim).Add("  ").Add("✓✓ ", StyledLine.Own).Add(Clean(line.Message.Text!), StyledLine.Dim));
    }

    private StyledLine Line(string typed) =>
        new StyledLine().Add(Now(), StyledLine.Dim).Add("  ").Add("self", StyledLine.Own).Add(": ").Add(Clean(typed));

    private string Now() => lines.Clock(surroundings.Time.GetUtcNow());

    private static string Clean(string text) => DisplayText.Clean(text, LongestLine);
}
