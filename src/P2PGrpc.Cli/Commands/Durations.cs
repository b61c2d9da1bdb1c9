using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace P2PGrpc.Cli.Commands;

/// <summary>Time spans on the command line: 500ms, 10s, 2m, 3h, 7d, or a plain number of seconds.</summary>
internal static class Durations
{
    // Beyond a day a wait is a mistake of units.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    public static Option<TimeSpan?> CreateOption(string name, string description, TimeSpan? longest = null, bool allowsNone = false) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result => Parse(result, name, longest ?? LongestWait, allowsNone),
    };

    public static string Describe(TimeSpan span) => span switch
    {
        { TotalDays: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalDays}d {span.Hours}h"),
        { TotalHours: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.Hours}h {span.Minutes}m"),
        { TotalMinutes: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.Minutes}m {span.Seconds}s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{span.Seconds}s"),
    };

    /// <summary>Reads a time span; a number alone is one of seconds. False if the text is none, or one of nothing, or longer than is sensible.</summary>
    public static bool TryParse(string text, TimeSpan longest, out TimeSpan span)
    {
        var (number, unit) = text switch
        {
            _ when text.EndsWith("ms", StringComparison.Ordinal) => (text[..^2], 0.001),
            _ when text.EndsWith('s') => (text[..^1], 1),
            _ when text.EndsWith('m') => (text[..^1], 60),
            _ when text.EndsWith('h') => (text[..^1], 3600),
            _ when text.EndsWith('d') => (text[..^1], 86_400),
            _ => (text, 1.0),
        };
        var read = double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && value > 0 && value * unit <= longest.TotalSeconds;
        span = read ? TimeSpan.FromSeconds(value * unit) : default;
        return read;
    }

    private static bool IsNone(string text) => text is "0" or "0ms" or "0s" or "0m" or "0h" or "0d";

    private static TimeSpan? Parse(ArgumentResult result, string name, TimeSpan longest, bool allowsNone)
    {
        var text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
        if (TryParse(text, longest, out var span) || (allowsNone && IsNone(text)))
            return span;
        result.AddError($"{name} '{text}': write a time such as 500ms, 10s, 2m, 3h or 7d, up to {Describe(longest)}.");
        return null;
    }
}
