using System.Globalization;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Web;

/// <summary>A cursor as the id of an event, in the form that the p2pgrpc program shows too: position.check, the check as 16 hexadecimal digits. Pure.</summary>
internal static class EventPlace
{
    public static string Write(Cursor cursor) => string.Create(CultureInfo.InvariantCulture, $"{cursor.Position}.{cursor.Check:x16}");

    /// <returns>Null if the text is none.</returns>
    public static Cursor? Read(string text)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        return dot > 0
            && ulong.TryParse(text.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            && ulong.TryParse(text.AsSpan(dot + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var check)
            ? new Cursor { Position = position, Check = check }
            : null;
    }
}
