using System.Globalization;
using P2PGrpc.EndToEnd.Abuse;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd.Web;

/// <summary>Two pages that hold the same token, in a browser: that of the listed origin reads and sends by the web endpoint, the other can do neither.</summary>
public sealed class WebOriginTests
{
    /// <summary>Calls by JSON, reads the stream of events as docs/json.md shows it, and sends by gRPC-Web; tells its site what came of it.</summary>
    private const string Page = """
        <!doctype html><body><pre id="log"></pre><script>
        const node = 'TARGET', token = location.hash.slice(1);
        const authorization = { authorization: 'Bearer ' + token };
        const say = text => document.getElementById('log').textContent += text + '\n';
        const attempt = async (name, action) => { try { say(name + ' READ ' + await action()); } catch (e) { say(name + ' failed'); } };
        SUBSCRIBE
        (async () => {
            await attempt('node', async () => (await (await fetch(node + '/v1/node', { headers: authorization })).json()).name);
            await attempt('no token', async () => (await fetch(node + '/v1/node')).status);
            await attempt('send', async () => (await (await fetch(node + '/v1/messages', {
                method: 'POST', headers: { ...authorization, 'content-type': 'application/json' }, body: JSON.stringify({ to: 'self', text: 'by JSON' }) })).json()).state);
            const frame = new Uint8Array([0, 0, 0, 0, 19, 10, 4, ...new TextEncoder().encode('self'), 18, 11, ...new TextEncoder().encode('by gRPC-Web')]);
            await attempt('gRPC-Web', async () => (await fetch(node + '/p2pgrpc.v1.PeerService/Send', {
                method: 'POST', headers: { ...authorization, 'content-type': 'application/grpc-web+proto', 'x-grpc-web': '1' }, body: frame })).headers.get('content-type'));
            await attempt('no-cors', async () => { const answer = await fetch(node + '/v1/node', { mode: 'no-cors' }); if (answer.type === 'opaque') throw 'opaque'; return answer.status; });
            await attempt('events', async () => {
                const texts = [];
                for await (const { response } of subscribe(node + '/v1/subscribe?start_at=START_AT_START&include_own=true', token)) {
                    for (const batch of response.batches ?? []) for (const entry of batch.messages) texts.push(entry.content.text);
                    if (texts.length >= 2) return texts.join(', ');
                }
            });
            await fetch('/seen', { method: 'POST', body: document.getElementById('log').textContent + 'done' });
        })();
        </script></body>
        """;

    [Fact]
    public async Task A_page_of_the_listed_origin_may_and_another_may_not()
    {
        Browser.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        var web = $"127.0.0.1:{Ports.Take().ToString(CultureInfo.InvariantCulture)}";
        var page = Page.Replace("TARGET", $"http://{web}", StringComparison.Ordinal).Replace("SUBSCRIBE", Documents.ReadCode("json.md", "js"), StringComparison.Ordinal);
        await using var listed = new WebSite(page);
        await using var other = new WebSite(page);
        foreach (var option in new[] { "--web", web, "--web-origin", listed.Address.TrimEnd('/') })
            alice.Options.Add(option);
        await alice.StartAsync();

        var seen = await Task.WhenAll(BrowseAsync(listed, "listed"), BrowseAsync(other, "other"));

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join("\n── other\n", seen));
        Assert.Equal(
            ["node READ alice", "no token READ 401", "send READ DELIVERY_STATE_DELIVERED", "gRPC-Web READ application/grpc-web", "no-cors failed",
                "events READ by JSON, by gRPC-Web", "done"],
            seen[0].Split('\n'));
        Assert.Equal(["node failed", "no token failed", "send failed", "gRPC-Web failed", "no-cors failed", "events failed", "done"], seen[1].Split('\n'));
        Assert.Equal(["by JSON", "by gRPC-Web"], (await alice.Client.ReadAllAsync(includeOwn: true)).Texts);

        Task<string> BrowseAsync(WebSite site, string name) => Browser.BrowseAsync(site, $"{site.Address}#{alice.Token}", Path.Combine(nodes.Folder, name));
    }
}
