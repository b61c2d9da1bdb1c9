using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Grpc.Core;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>What others see of a node by the standard means: Prometheus, a collector, whoever reads its log.</summary>
public sealed partial class MetricsTests
{
    private static readonly string Deploy = Path.Combine(Checkout.Root, "deploy");

    [Fact]
    public async Task The_metrics_that_a_node_serves_are_those_that_documents_dashboard_and_alerts_name()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = nodes.AddPair();
        var (port, webPort) = (Ports.Take(), Ports.Take());
        foreach (var option in new[] { "--metrics", $"127.0.0.1:{port}", "--web", $"127.0.0.1:{webPort}" })
            alice.Options.Add(option);
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        await Neighbourhood.LinkedAsync(alice, bob);
        await alice.Client.SendAsync("bob", "hello", waitFor: DeliveryState.Delivered);
        await Assert.ThrowsAsync<RpcException>(() => alice.Client.SendAsync("stranger", "hello"));
        using (var intruder = NodeClient.OverTcp(alice.ApiAddress, "wrong"))
            await Assert.ThrowsAsync<RpcException>(() => intruder.SendAsync("bob", "hello"));
        using (var web = new HttpClient(new SocketsHttpHandler { UseProxy = false }))
        {
            web.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", alice.Token);
            Assert.Equal(HttpStatusCode.OK, (await web.GetAsync(new Uri($"http://127.0.0.1:{webPort}/v1/node"))).StatusCode);
        }

        // The caller may have its answer a moment before it is measured.
        await Eventually.HoldsAsync("the request is measured", async () =>
            (await FetchAsync($"http://127.0.0.1:{port}/metrics")).Contains("http_server_request_duration_seconds_count", StringComparison.Ordinal));

        var text = await FetchAsync($"http://127.0.0.1:{port}/metrics");

        Assert.Contains($"metrics  http://127.0.0.1:{port}/metrics\n", alice.Output, StringComparison.Ordinal);
        var served = Type().Matches(text).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        var documented = Documented().Matches(await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "docs", "observability.md"), TestContext.Current.CancellationToken)).Select(match => match.Groups[1].Value);
        Assert.Contains("p2pgrpc_links", served);
        Assert.Equal(documented.Order(StringComparer.Ordinal), served.Where(name => !name.StartsWith("dotnet_", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        var labels = Label().Matches(text).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        foreach (var file in new[] { "grafana/p2pgrpc.json", "prometheus/alerts.yml", "prometheus/alerts_test.yml" })
            Assert.All(FindNames(file), name => Assert.True(served.Contains(name) || labels.Contains(name), $"{file} names {name}, which no node serves"));

        Assert.Matches(@"(?m)^p2pgrpc_messages_sent_total\{p2pgrpc_conversation_kind=""direct""\} 1\b", text);
        Assert.Matches(@"(?m)^p2pgrpc_links\{p2pgrpc_link_state=""up""\} 1\b", text);
        Assert.Matches(@"(?m)^p2pgrpc_calls_refused_total\{p2pgrpc_reason=""TOKEN_MISSING""\} 1\b", text);
        Assert.Matches(@"(?m)^p2pgrpc_delivery_duration_seconds_count\{p2pgrpc_conversation_kind=""direct""\} 1\b", text);
        foreach (var name in new[] { "bob", await alice.Client.GetPeerIdAsync(), await bob.Client.GetPeerIdAsync() })
            Assert.DoesNotContain(name, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_alerts_pass_the_checks_of_Prometheus_and_go_off_when_they_should()
    {
        Promtool.SkipIfMissing();
        var folder = Path.Combine(Deploy, "prometheus");
        foreach (var arguments in new[] { (string[])["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"] })
        {
            var result = await Promtool.RunAsync(folder, "", arguments);
            Assert.True(result.ExitCode == 0, result.ToString());
        }
    }

    [Fact]
    public async Task Every_expression_of_the_dashboard_is_one()
    {
        Promtool.SkipIfMissing();
        using var dashboard = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Deploy, "grafana", "p2pgrpc.json")));
        var expressions = dashboard.RootElement.GetProperty("panels").EnumerateArray()
            .Where(panel => panel.TryGetProperty("targets", out _)).SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select(target => target.GetProperty("expr").GetString()!.Replace("$__rate_interval", "5m", StringComparison.Ordinal).Replace("$instance", ".*", StringComparison.Ordinal))
            .ToList();
        Assert.True(expressions.Count > 20);
        var file = Path.GetTempFileName();
        try
        {
            // Rules may be written as JSON, too, and are checked as they are read.
            var rules = expressions.Select((expression, index) => new { record = $"panel:{index}", expr = expression });
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { groups = new[] { new { name = "dashboard", rules } } }));
            var result = await Promtool.RunAsync(Path.GetTempPath(), "", "check", "rules", file);
            Assert.True(result.ExitCode == 0, result.ToString());
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_collector_gets_metrics_and_spans_and_the_log_is_JSON_where_that_is_wanted()
    {
        using var collector = new Collector();
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        alice.Wrapper =
        [
            "env", $"OTEL_EXPORTER_OTLP_ENDPOINT={collector.Address}", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_METRIC_EXPORT_INTERVAL=200", "OTEL_BSP_SCHEDULE_DELAY=100",
        ];
        foreach (var option in new[] { "--log", "json", "--verbose", "--quiet" })
            alice.Options.Add(option);
        await alice.StartAsync();
        await alice.Client.SendAsync("self", "hello");
        await Eventually.HoldsAsync("the collector has metrics", () => Task.FromResult(collector.Has("/v1/metrics", "p2pgrpc.messages.sent")));
        await Eventually.HoldsAsync("the collector has spans", () => Task.FromResult(collector.Has("/v1/traces", "accept self")));
        // The process that is there is the node itself, not what it is run under: it ends in order.
        Assert.Equal(0, (await alice.StopAsync()).ExitCode);

        var lines = alice.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.StartsWith('{')).ToList();
        var opened = lines.Select(line => JsonDocument.Parse(line).RootElement).Single(line => line.GetProperty("EventId").GetInt32() == 1000);
        Assert.Equal(("Debug", "P2PGrpc.Node.Logs.LogStore"), (opened.GetProperty("LogLevel").GetString(), opened.GetProperty("Category").GetString()));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", opened.GetProperty("Timestamp").GetString());
    }

    [Fact]
    public async Task A_port_for_metrics_that_is_taken_is_told()
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        alice.Options.Add("--metrics");
        alice.Options.Add(alice.ListenPort.ToString(System.Globalization.CultureInfo.InvariantCulture));
        using var other = new System.Net.Sockets.TcpListener(IPAddress.Loopback, alice.ListenPort);
        other.Start();
        Assert.Equal(1, await alice.StartAndExpectRefusalAsync());
        Assert.Matches("^p2pgrpc: The address of the metrics 127.0.0.1:[0-9]+ is taken by another program\\. .* --metrics\\.\n$", alice.Output);
    }

    private static async Task<string> FetchAsync(string url)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var response = await client.GetAsync(new Uri(url));
        Assert.Equal((HttpStatusCode.OK, "text/plain"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        return await response.Content.ReadAsStringAsync();
    }

    private static List<string> FindNames(string file)
    {
        var names = Name().Matches(File.ReadAllText(Path.Combine(Deploy, file))).Select(match => match.Groups[1].Value).Distinct(StringComparer.Ordinal).ToList();
        Assert.True(names.Count >= 8, $"{file} names only {names.Count} metrics");
        return names;
    }

    [GeneratedRegex("(?m)^# TYPE ([a-z0-9_]+) [a-z]+$")]
    private static partial Regex Type();

    [GeneratedRegex(@"(?m)^\| `[a-z._0-9]+` \| `([a-z0-9_]+)` \|")]
    private static partial Regex Documented();

    [GeneratedRegex(@"([a-z0-9_]+)=""")]
    private static partial Regex Label();

    /// <summary>Metrics, without what stands behind the name of a histogram, and their labels.</summary>
    [GeneratedRegex(@"\b((?:p2pgrpc|rpc|http|dotnet)_[a-z_]+?)(?:_bucket|_count|_sum)?(?![a-z_])")]
    private static partial Regex Name();

    /// <summary>Takes what is sent to it by OTLP over HTTP, and keeps it.</summary>
    private sealed class Collector : IDisposable
    {
        private readonly HttpListener listener = new();
        private readonly Lock gate = new();
        private readonly List<(string Path, string Body)> taken = [];

        public Collector()
        {
            Address = $"http://127.0.0.1:{Ports.Take()}";
            listener.Prefixes.Add(Address + "/");
            listener.Start();
            _ = Task.Run(ServeAsync);
        }

        public string Address { get; }

        public bool Has(string path, string text)
        {
            lock (gate)
                return taken.Exists(request => request.Path == path && request.Body.Contains(text, StringComparison.Ordinal));
        }

        public void Dispose() => listener.Close();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    var context = await listener.GetContextAsync();
                    using var body = new StreamReader(context.Request.InputStream, Encoding.Latin1);
                    var text = await body.ReadToEndAsync();
                    lock (gate)
                        taken.Add((context.Request.Url!.AbsolutePath, text));
                    context.Response.ContentType = "application/x-protobuf";
                    context.Response.Close();
                }
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}
