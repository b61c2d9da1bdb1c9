using System.Diagnostics;
using Xunit;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>Chromium without a window.</summary>
internal static class Browser
{
    private const string Program = "/usr/bin/chromium";

    public static void SkipIfMissing() => Assert.SkipUnless(File.Exists(Program), $"{Program} is missing: make setup installs it as root.");

    /// <summary>Opens a page, and gives what the page says to its site that it saw.</summary>
    /// <param name="site">The page's site.</param>
    /// <param name="address">The page's address there.</param>
    /// <param name="folder">For the browser's own files; each browser needs one of its own.</param>
    public static async Task<string> BrowseAsync(WebSite site, string address, string folder)
    {
        var start = new ProcessStartInfo(
            Program,
            ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--ignore-certificate-errors", $"--user-data-dir={folder}", address])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var browser = Process.Start(start) ?? throw new InvalidOperationException($"{Program} did not start.");
        var output = Task.WhenAll(browser.StandardOutput.ReadToEndAsync(), browser.StandardError.ReadToEndAsync());
        try
        {
            return await site.Seen.WaitAsync(TimeSpan.FromSeconds(90), TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            browser.Kill(entireProcessTree: true);
            throw new TimeoutException($"The page did not come to its end. {string.Join('\n', await output)}");
        }
        finally
        {
            browser.Kill(entireProcessTree: true);
            await browser.WaitForExitAsync();
        }
    }
}
