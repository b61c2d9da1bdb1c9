using System.Reflection;
using Microsoft.Extensions.Logging;
using P2PGrpc.Node.Hosting;
using Xunit;

namespace P2PGrpc.Node.Tests.Telemetry;

/// <summary>Log lines have ids by which programs tell them apart, and the documents say what each means.</summary>
public sealed class LogEventTests
{
    /// <summary>What the web server says below the node's own lines, which has its own ids.</summary>
    private const int WebServer = 1302;

    /// <summary>The hundred whose lines are those of the program around a node, whose own tests look at them.</summary>
    private const int Program = 18;

    private static readonly LoggerMessageAttribute[] Messages =
    [
        .. typeof(NodeOptions).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()).OfType<LoggerMessageAttribute>(),
    ];

    [Fact]
    public void Each_has_an_id_of_its_own()
    {
        Assert.True(Messages.Length > 40);
        Assert.All(Messages, message => Assert.InRange(message.EventId, 1000, 1999));
        Assert.Equal(Messages.Length, Messages.Select(message => message.EventId).Distinct().Count());
    }

    [Fact]
    public void The_documents_name_each_with_its_level_and_no_other()
    {
        var documented = Documents.ReadLogEvents().Where(row => row.Id != WebServer && row.Id / 100 != Program).ToList();
        Assert.Equal(
            Messages.Select(message => (message.EventId, Levels: message.Level.ToString().ToLowerInvariant())).OrderBy(message => message.EventId),
            documented.OrderBy(row => row.Id).Select(row => (row.Id, row.Levels)));
    }
}
