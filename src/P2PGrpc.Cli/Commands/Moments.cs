using System.CommandLine;
using System.Globalization;

namespace P2PGrpc.Cli.Commands;

/// <summary>Points in time on the command line: 2026-11-26, "2026-11-26 14:30" or 2026-11-26T14:30:00Z, without a zone of the zone here; now; or how long
/// ago, as 30m, 2h or 7d.</summary>
internal static class Moments
{
    /// <summary>How they are written, for helps.</summary>
    public const string Form = "2026-11-26, \"2026-11-26 14:30\", now, or how long ago, as 2h or 7d";

    // Long before there were messages.
    private static readonly TimeSpan LongestAgo = TimeSpan.FromDays(100_000);

    public static Option<string?> CreateOption(string name, string description) => new(name) { Description = description, HelpName = "TIME" };

    /// <summary>Milliseconds since 1970, 0 for all before that; null if none was given.</summary>
    /// <exception cref="CommandException">It is no time.</exception>
    public static ulong? Read(string? text, string option, Surroundings surroundings)
    {
        if (text is null)
            return null;
        if (text is "now")
            return Count(surroundings.Time.GetUtcNow());
        // A number alone is no span here: it looks like a year.
        if (text.Length > 0 && char.IsAsciiLetterLower(text[^1]) && Durations.TryParse(text, LongestAgo, out var ago))
            return Count(surroundings.Time.GetUtcNow() - ago);
        if (!DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var time))
            throw CommandException.Usage($"{option} '{text}': write a day or a time: {Form}.");
        return Count(time.Kind == DateTimeKind.Unspecified ? ToUtc(time, surroundings.Time.LocalTimeZone) : time.ToUniversalTime());
    }

    /// <summary>A point in time as to be read again.</summary>
    public static string Write(ulong milliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static ulong Count(DateTimeOffset time) => (ulong)Math.Max(0, time.ToUnixTimeMilliseconds());

    /// <summary>An hour that the clocks skip in spring counts as the one after it.</summary>
    private static DateTime ToUtc(DateTime time, TimeZoneInfo zone) =>
        TimeZoneInfo.ConvertTimeToUtc(zone.IsInvalidTime(time) ? time.AddHours(1) : time, zone);
}
