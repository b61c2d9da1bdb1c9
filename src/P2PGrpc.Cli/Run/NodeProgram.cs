using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using P2PGrpc.Client;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Run;

/// <summary>Runs a node in this process until it is told to stop.</summary>
internal static class NodeProgram
{
    // Saying goodbye and flushing take milliseconds; who sends SIGTERM expects the end within 5 s.
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(4);

    // How long the screen may take to end, and how long it waits after something that could not be shown.
    private static readonly TimeSpan ScreenTime = TimeSpan.FromSeconds(1);

    /// <param name="read">Reads what the program was told; again where the node is to reload.</param>
    /// <param name="surroundings">The streams.</param>
    /// <param name="cancellationToken">Ends the node in order.</param>
    /// <returns>0 after a regular end.</returns>
    /// <exception cref="CommandException">The node does not start; the message says why.</exception>
    public static async Task<int> RunAsync(Func<RunSettings> read, Surroundings surroundings, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        return await RunUntilToldAsync(read, surroundings, () => _ = ending.CancelAsync(), ending.Token);
    }

    private static async Task<int> RunUntilToldAsync(Func<RunSettings> read, Surroundings surroundings, Action stop, CancellationToken cancellationToken)
    {
        var settings = read();
        // Before the node, so that nothing of it is missed, and a taken port is told at once.
        var wishes = TelemetryWishes.Read(settings, surroundings.Environment);
        using var exports = wishes.Sends ? new ExportWatch(surroundings.Time) : null;
        await using var telemetry = wishes.IsNothing ? null : await TelemetryExport.StartAsync(wishes, settings.Name, cancellationToken);
        var reload = new ConfigurationReload(read, stop, telemetry?.MetricsAddress);
        using var host = BuildHost(settings, reload);
        var loggers = host.Services.GetRequiredService<ILoggerFactory>();
        TellOfVariables(settings, surroundings, loggers);
        exports?.Attach(loggers.CreateLogger(ProgramLog.Category));
        var node = host.Services.GetRequiredService<INode>();
        using var notifier = SystemdNotifier.Connect(surroundings.Environment);
        var report = ServiceReport.Of(node, host.Services.GetRequiredService<NodeHealth>(), notifier, surroundings.Time);
        try
        {
            await host.StartAsync(cancellationToken);
            await node.Started.WaitAsync(cancellationToken);
        }
        catch (NodeStartException fault)
        {
            throw new CommandException(fault.Reason == "OPTIONS_INVALID" ? ExitCodes.Usage : ExitCodes.Failure, fault.Message);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return await StopAsync(host, report);
        }
        // Whoever hears that the node is ready may send the signal.
        HandleHangups(settings, surroundings, log => reload.RunAsync(node, surroundings, log, cancellationToken), loggers);
        report.Begin();
        _ = report.RunAsync(cancellationToken);
        var banner = new NodeBanner(settings, surroundings);
        try
        {
            banner.Show(node.Id.ToString(), node.Address, node.ApiAddress, node.WebAddress, telemetry?.MetricsAddress, node.HealthAddress);
            _ = IdleHeap.WatchAsync(surroundings.Time, cancellationToken);
            await ShowAsync(node, settings, surroundings, banner.NodeOptions, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The regular end.
        }
        catch (Exception fault) when (fault is OutputClosedException or OutputFailedException)
        {
            if (fault is OutputFailedException)
                Failures.Report(surroundings, $"{fault.Message} The node goes on without.", ExitCodes.Failure);
            // A node goes on without a reader of what it prints, as it does under --quiet.
            await Task.Delay(Timeout.InfiniteTimeSpan, surroundings.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        return await StopAsync(host, report);
    }

    /// <summary>Where there is a terminal, the signal says that it is gone.</summary>
    private static void HandleHangups(RunSettings settings, Surroundings surroundings, Func<ILogger?, Task> reload, ILoggerFactory loggers)
    {
        if (surroundings.IsAttended)
            return;
        var log = settings.LogsJson ? loggers.CreateLogger(ProgramLog.ReloadCategory) : null;
        surroundings.Hangup.Handle(() => _ = Task.Run(() => reload(log), CancellationToken.None));
    }

    private static void TellOfVariables(RunSettings settings, Surroundings surroundings, ILoggerFactory loggers)
    {
        foreach (var sentence in UnknownVariables.Describe(surroundings.VariableNames()))
            if (settings.LogsJson)
                ProgramLog.UnknownVariable(loggers.CreateLogger(ProgramLog.Category), sentence);
            else
                Failures.Report(surroundings, sentence, ExitCodes.Success);
    }

    private static IHost BuildHost(RunSettings settings, ConfigurationReload reload)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(settings.Verbose ? LogLevel.Debug : LogLevel.Warning);
        // A start that fails is told in one line by this program; the host would add a stack trace.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        builder.Logging.AddFilter(ProgramLog.ReloadCategory, LogLevel.Information);
        if (settings.LogsJson)
            builder.Logging.AddJsonConsole(console => (console.UseUtcTimestamp, console.TimestampFormat) = (true, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"));
        else
            builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        // Standard output belongs to messages and events.
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        // Signals are this program's business, see Program.cs.
        builder.Services.AddSingleton<IHostLifetime, QuietLifetime>();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = StopWithin);
        builder.Services.AddP2PGrpcNode(options => reload.Apply(options, settings));
        return builder.Build();
    }

    private static async Task ShowAsync(
        INode node, RunSettings settings, Surroundings surroundings, string nodeOptions, CancellationToken cancellationToken)
    {
        if (settings.Quiet)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, surroundings.Time, cancellationToken);
            return;
        }
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var screen = new NodeScreen(surroundings, settings.Json, nodeOptions);
        var messages = Task.Run(() => ShowMessagesAsync(node, screen, surroundings, ending.Token), CancellationToken.None);
        var events = Task.Run(() => ShowEventsAsync(node, screen, ending.Token), CancellationToken.None);
        try
        {
            // Not by awaiting the tasks alone: a write to a screen that nobody reads never returns.
            await (await Task.WhenAny(messages, events, Task.Delay(Timeout.InfiniteTimeSpan, surroundings.Time, cancellationToken)));
        }
        finally
        {
            await ending.CancelAsync();
            // A screen that nobody reads any more must not hold up the end.
            await Task.WhenAll(messages, events).WaitAsync(ScreenTime, surroundings.Time, CancellationToken.None)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task ShowMessagesAsync(INode node, NodeScreen screen, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var request = new SubscribeRequest { StartAt = StartAt.End, IncludeOwn = true };
        while (true)
        {
            try
            {
                await foreach (var response in node.SubscribeAsync(request, cancellationToken))
                {
                    foreach (var batch in response.Batches)
                    {
                        if (ErasedMessages.From(batch) is { } erased)
                            screen.Show(erased);
                        foreach (var message in ReceivedMessage.Read(batch))
                            screen.Show(message);
                    }

                    if (response.Cursor is not null)
                        request.After = response.Cursor;
                }
            }
            catch (NodeRequestException unreadable)
            {
                // What can't be shown must not end the node: it goes on with what comes from now on.
                screen.Show(new WatchEventsResponse { Notice = new NoticeEvent { Reason = unreadable.Reason, Detail = unreadable.Message } });
                request = new SubscribeRequest { StartAt = StartAt.End, IncludeOwn = true };
                await Task.Delay(ScreenTime, surroundings.Time, cancellationToken);
            }
        }
    }

    private static async Task ShowEventsAsync(INode node, NodeScreen screen, CancellationToken cancellationToken)
    {
        await foreach (var response in node.WatchEventsAsync(cancellationToken))
            screen.Show(response);
    }

    private static async Task<int> StopAsync(IHost host, ServiceReport report)
    {
        report.End();
        using var limit = new CancellationTokenSource(StopWithin);
        await host.StopAsync(limit.Token);
        return ExitCodes.Success;
    }
}
