using System.Collections.Concurrent;
using Grpc.Core;

namespace P2PGrpc.EndToEnd.Harness;

/// <summary>
/// Sends numbered messages from several tasks until told to stop, and keeps the record that the checkers compare with: what was
/// attempted, and what was answered OK. Half of the tasks repeat a message under its id until it is answered, so all of theirs
/// must arrive; the others give up at the first error, so theirs may have arrived or not.
/// </summary>
internal sealed class LoadGenerator(NodeClient client, string to, string prefix, int tasks)
{
    private volatile bool stopping;
    private Task running = Task.CompletedTask;

    /// <summary>Texts of messages that were handed over, answered or not.</summary>
    public ConcurrentDictionary<string, bool> Attempted { get; } = new(StringComparer.Ordinal);

    /// <summary>Texts of messages that were answered OK.</summary>
    public ConcurrentDictionary<string, bool> Accepted { get; } = new(StringComparer.Ordinal);

    /// <summary>Rest of each task after each message. None, unless a campaign is so long that reading everything at its end would take too long.</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>What each text is longer by, for campaigns that need many bytes rather than many messages.</summary>
    public string Padding { get; init; } = "";

    public void Start() => running = Task.WhenAll(Enumerable.Range(0, tasks).Select(task => SendAsync(task, repeats: task % 2 == 0)));

    /// <summary>Lets each task end what it is at. The node must run for that.</summary>
    public async Task StopAsync()
    {
        stopping = true;
        await running;
    }

    private async Task SendAsync(int task, bool repeats)
    {
        for (var number = 0; !stopping; number++)
        {
            var id = $"{prefix}{task}:{number}";
            var text = $"{prefix}{task}{Padding}:{number}";
            Attempted[text] = true;
            while (true)
            {
                try
                {
                    await client.SendAsync(to, text, messageId: id, limit: TimeSpan.FromSeconds(5));
                    Accepted[text] = true;
                    if (Pause > TimeSpan.Zero) await Task.Delay(Pause, TimeProvider.System);
                    break;
                }
                catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled or StatusCode.Internal)
                {
                    await Eventually.PauseAsync(5);
                    if (!repeats) break;
                }
            }
        }
    }
}
