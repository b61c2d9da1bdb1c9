using System.Globalization;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>A3: a web page that somebody on this machine looks at can neither send by the node nor read from it, whatever content type it tries.</summary>
public sealed class WebPageTests
{
    /// <summary>Tries each content type with and without CORS, a form, a beacon, a socket and an image; tells its site what it could read, and which
    /// requests were answered without a right to read it: those are opaque, and show that they got as far as the node.</summary>
    private const string Page = """
        <!doctype html><body><form id="form" method="post" enctype="text/plain" target="frame"><input name="to" value="bob"></form><iframe id="frame" name="frame"></iframe>
        <pre id="log"></pre><script>
        const target = 'TARGET/p2pgrpc.v1.PeerService/Send';
        const message = new Uint8Array([0, 0, 0, 0, 11, 10, 4, 115, 101, 108, 102, 18, 3, 119, 101, 98]);
        const types = ['application/grpc', 'application/grpc+proto', 'application/grpc-web', 'application/grpc-web-text', 'application/json',
            'application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain', 'application/octet-stream', ''];
        const say = text => document.getElementById('log').textContent += text + '\n';
        const late = () => new Promise((done, fail) => setTimeout(fail, 5000));
        const attempt = async (name, action) => { try { say(name + ' READ ' + await Promise.race([action(), late()])); } catch (e) { say(name + ' ' + (typeof e === 'string' ? e : 'failed')); } };
        (async () => {
            await attempt('control', async () => await (await fetch('/control')).text());
            for (const type of types)
                for (const mode of ['cors', 'no-cors'])
                    await attempt(type + ' ' + mode, async () => {
                        const answer = await fetch(target, { method: 'POST', mode, credentials: 'include', headers: type ? { 'content-type': type } : {}, body: message });
                        if (answer.type === 'opaque') throw 'opaque';
                        return answer.status + ' ' + answer.headers.get('grpc-status');
                    });
            await attempt('token guess', async () => (await fetch(target, { method: 'POST', headers: { authorization: 'Bearer x', 'content-type': 'application/grpc' }, body: message })).status);
            await attempt('beacon', async () => { navigator.sendBeacon(target, new Blob([message], { type: 'text/plain' })); throw 'nothing to read'; });
            await attempt('socket', () => new Promise((done, fail) => { const s = new WebSocket(target.replace('http', 'ws')); s.onopen = () => done('open'); s.onerror = fail; }));
            await attempt('image', () => new Promise((done, fail) => { const i = new Image(); i.onload = () => done('loaded'); i.onerror = fail; i.src = target; }));
            await attempt('form', () => new Promise((done, fail) => {
                const form = document.getElementById('form');
                document.getElementById('frame').onload = () => fail('loaded');
                form.action = target;
                form.submit();
            }));
            say('done');
            await fetch('/seen', { method: 'POST', body: document.getElementById('log').textContent });
        })();
        </script></body>
        """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_web_page_can_neither_send_nor_read(bool tls)
    {
        Browser.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        var scheme = "http";
        if (tls)
        {
            await AddCertificateAsync(alice, nodes.Folder);
            scheme = "https";
        }

        await alice.StartAsync();
        var target = $"{scheme}://127.0.0.1:{alice.ApiPort.ToString(CultureInfo.InvariantCulture)}";
        await using var site = new WebSite(Page.Replace("TARGET", target, StringComparison.Ordinal));
        var seen = await Browser.BrowseAsync(site, site.Address, Path.Combine(nodes.Folder, "browser"));

        TestContext.Current.TestOutputHelper?.WriteLine(seen);
        Assert.Contains("control READ the page's own site", seen, StringComparison.Ordinal);
        Assert.Contains("done", seen, StringComparison.Ordinal);
        Assert.Single(seen.Split('\n'), line => line.Contains(" READ ", StringComparison.Ordinal));
        Assert.Contains("form loaded", seen, StringComparison.Ordinal);
        // By TLS the node's refusals are what kept the page out, not a handshake that failed: requests came through and were answered.
        if (tls)
            Assert.Contains(" no-cors opaque", seen, StringComparison.Ordinal);
        Assert.Empty((await alice.Client.ReadAllAsync(includeOwn: true)).Messages);
        Assert.DoesNotContain("fail:", alice.Output, StringComparison.Ordinal);
    }

    /// <summary>A browser speaks HTTP/2 only by TLS: so that its requests get through to where the token is asked for, the endpoint has a certificate here.</summary>
    private static async Task AddCertificateAsync(NodeProcess node, string folder)
    {
        var (certificate, key) = (Path.Combine(folder, "api.pem"), Path.Combine(folder, "api.key"));
        var made = await Command.RunAsync("openssl",
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                "-days", "2", "-keyout", key, "-out", certificate]);
        Assert.True(made.ExitCode == 0, made.ToString());
        foreach (var option in new[] { "--api-cert", certificate, "--api-key", key })
            node.Options.Add(option);
    }
}
