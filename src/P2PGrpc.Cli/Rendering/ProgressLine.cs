using System.Globalization;

namespace P2PGrpc.Cli.Rendering;

/// <summary>How far something is that takes long, in one row of a terminal; nothing where nobody watches. Thread-safe for one caller at a time.</summary>
internal sealed class ProgressLine(Surroundings surroundings, string what) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private long? shownAt;

    public void Show(ulong done, ulong all)
    {
        if (!surroundings.Colors || all == 0 || (shownAt is { } last && surroundings.Time.GetElapsedTime(last) < Interval))
            return;
        shownAt = surroundings.Time.GetTimestamp();
        surroundings.Error.Write(string.Create(CultureInfo.InvariantCulture, $"{TypedLine.Erase}{what} {Math.Min(100, done * 100.0 / all):0} %"));
        surroundings.Error.Flush();
    }

    public void Dispose()
    {
        if (shownAt is null)
            return;
        surroundings.Error.Write(TypedLine.Erase);
        surroundings.Error.Flush();
    }
}
