using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace P2PGrpc.Client;

/// <summary>Which handlers are at work now, and with which messages: told where one does not come to an end. Thread-safe.</summary>
internal sealed class HandlingsUnderWay(TimeProvider time, ILogger logger)
{
    private readonly ConcurrentDictionary<Handling, long> begun = new();

    /// <summary>A handler is given a message, until what is returned is disposed.</summary>
    public IDisposable Begin(string handler, string reference)
    {
        var handling = new Handling(begun, handler, reference, time, logger);
        begun[handling] = time.GetTimestamp();
        return handling;
    }

    /// <summary>Says which handler has been at work for long, the one that began first; null if none has.</summary>
    public string? FindLong() => begun
        .Where(one => time.GetElapsedTime(one.Value) >= ClientLimits.LongHandling)
        .OrderBy(one => one.Value)
        .Select(one => $"The handler {one.Key.Handler} has been at work on message {one.Key.Reference} for {time.GetElapsedTime(one.Value).TotalMinutes:0} min.")
        .FirstOrDefault();

    /// <summary>Waits for the end of a service, and says what it waits for if that takes a while.</summary>
    public async Task WatchStopAsync(Task stopping)
    {
        await stopping.WaitAsync(ClientLimits.StopPatience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!stopping.IsCompleted)
            foreach (var handling in begun.Keys)
                HandlerLog.StopWaits(logger, handling.Handler, handling.Reference);
        await stopping;
    }

    private sealed class Handling : IDisposable
    {
        private readonly ConcurrentDictionary<Handling, long> all;
        private readonly ITimer timer;

        public Handling(ConcurrentDictionary<Handling, long> all, string handler, string reference, TimeProvider time, ILogger logger)
        {
            (this.all, Handler, Reference) = (all, handler, reference);
            timer = time.CreateTimer(_ => HandlerLog.TakesLong(logger, handler, reference, ClientLimits.LongHandling), null, ClientLimits.LongHandling, Timeout.InfiniteTimeSpan);
        }

        public string Handler { get; }

        public string Reference { get; }

        public void Dispose()
        {
            timer.Dispose();
            all.TryRemove(this, out _);
        }
    }
}
