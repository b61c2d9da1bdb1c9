using System.CommandLine;
using System.Globalization;

namespace P2PGrpc.Cli.Commands;

/// <summary>Points in time on the command line: 2026-11-26, "2026-11-26 14:30" or 2026-11-26T14:30:00Z; without a zone they are of the zone here.</summary>
internal static class Moments
{
    public static Option<string?> CreateOption(string name, string description) => new(name) { Description = description, HelpName = "TIME" };

    /// <summary>Milliseconds since 1970; null if none was given.</summary>
    /// <exception cref="CommandException">It is no time.</exception>
    public static ulong? Read(string? text, string option, Surroundings surroundings)
    {
        if (text is null)
            return null;
        if (!DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var time) || time.Year is < 1970 or > 9000)
            throw CommandException.Usage($"{option} '{text}': write a day or a time, such as 2026-11-26 or \"2026-11-26 14:30\".");
        var utc = time.Kind == DateTimeKind.Unspecified ? ToUtc(time, surroundings.Time.LocalTimeZone) : time.ToUniversalTime();
        return (ulong)Math.Max(0, new DateTimeOffset(utc).ToUnixTimeMilliseconds());
    }

    /// <summary>An hour that the clocks skip in spring counts as the one after it.</summary>
    private static DateTime ToUtc(DateTime time, TimeZoneInfo zone) =>
        TimeZoneInfo.ConvertTimeToUtc(zone.IsInvalidTime(time) ? time.AddHours(1) : time, zone);
}
