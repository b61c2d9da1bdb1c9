using System.Runtime.CompilerServices;

namespace P2PGrpc.Client;

/// <summary>Time limits as callers give them: more than zero, or none at all.</summary>
internal static class TimeLimit
{
    /// <summary>What is wrong with a limit; null if nothing is.</summary>
    public static string? FindFault(TimeSpan limit)
    {
        if (limit == Timeout.InfiniteTimeSpan)
            return null;
        if (limit <= TimeSpan.Zero)
            return "must be more than zero, or Timeout.InfiniteTimeSpan for no limit";
        return limit > ClientLimits.LongestTimeout
            ? $"must be at most {ClientLimits.LongestTimeout.TotalDays:0} days, or Timeout.InfiniteTimeSpan for no limit"
            : null;
    }

    /// <summary>What is wrong with a limit that is set for all calls, often by a configuration; null if nothing is.</summary>
    public static string? FindOptionFault(TimeSpan limit) => FindFault(limit) ?? (limit > ClientLimits.LongestOption
        ? $"must be at most a day, not {limit.TotalDays:0.#} days: write \"00:00:30\" for half a minute, since a number alone is days; -00:00:00.001 is no limit"
        : null);

    /// <summary>What is wrong with a time for trying again; null if nothing is.</summary>
    public static string? FindRetryFault(TimeSpan time) =>
        time < TimeSpan.Zero && time != Timeout.InfiniteTimeSpan ? "must not be negative, other than Timeout.InfiniteTimeSpan, which is for ever" : null;

    /// <summary>Gives back a limit that is none, or is good.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not; the message says why.</exception>
    public static TimeSpan? Check(TimeSpan? limit, [CallerMemberName] string name = "") =>
        limit is { } given && FindFault(given) is { } fault ? throw new ArgumentOutOfRangeException(name, limit, $"{name} {fault}.") : limit;

    /// <summary>The shorter of two, of which each may be infinite.</summary>
    public static TimeSpan Shorter(TimeSpan one, TimeSpan other)
    {
        if (one == Timeout.InfiniteTimeSpan)
            return other;
        return other == Timeout.InfiniteTimeSpan || one < other ? one : other;
    }
}
