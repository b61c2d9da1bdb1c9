using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using P2PGrpc.Cli.Run;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

public sealed class ProgramLogTests
{
    [Fact]
    public void The_documents_name_each_line_of_the_program_with_its_level_and_no_other()
    {
        var documented = Regex.Matches(File.ReadAllText(Path.Combine(Checkout.Root, "docs", "operations.md")), @"^\| (18\d\d) \| (\w+) \|", RegexOptions.Multiline)
            .Select(row => $"{row.Groups[1].Value} {row.Groups[2].Value}");
        var written = typeof(ProgramLog).GetMethods(BindingFlags.Static | BindingFlags.Public)
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()).OfType<LoggerMessageAttribute>()
            .Select(message => $"{message.EventId} {message.Level.ToString().ToLowerInvariant()}");
        Assert.Equal(written.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }
}
