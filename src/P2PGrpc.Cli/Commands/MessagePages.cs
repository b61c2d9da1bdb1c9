using System.CommandLine;

namespace P2PGrpc.Cli.Commands;

/// <summary>What <c>history</c> and <c>search</c> have in common: options, and how large pages are.</summary>
internal static class MessagePages
{
    /// <summary>Messages that are asked for at a time, which is all that a node gives on one page.</summary>
    public const int Size = 200;

    /// <summary>What an argument that names a conversation takes.</summary>
    public const string Conversation = "An alias, a peer id, #room, self, or a conversation's id";

    /// <summary>Messages that are shown where nobody says how many: a screen or two.</summary>
    public const int DefaultLimit = 50;

    // More is no page for a person, and a program can go on from page to page.
    private const int LargestLimit = 100_000;

    public static Option<int?> CreateLimit() =>
        Numbers.CreateOption("--limit", $"How many messages, at most; 1 to {LargestLimit} [default: {DefaultLimit}]", "NUMBER", 1, LargestLimit);

    public static Option<string?> CreateAuthor(string description) => new("--author") { Description = description, HelpName = "NAME" };

    /// <summary>An option as to be typed again, with a space before it; empty where it was not given.</summary>
    public static string Repeat(string option, string? given) => given is null ? "" : $" {option} {ShellWord.Quote(given)}";
}
