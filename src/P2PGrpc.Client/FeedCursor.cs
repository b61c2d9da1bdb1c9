using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>
/// A place in a node's feed: "everything up to here". Good only at the node that gave it. Its text form, which
/// <see cref="ToString"/> writes and <see cref="TryParse"/> reads, is meant to be kept in a file or a database.
/// </summary>
/// <param name="Position">The position of the last message at or before this place; 0 stands before the first.</param>
/// <param name="Check">Eight bytes of a hash by which the node notices that its database was put back.</param>
public readonly record struct FeedCursor(ulong Position, ulong Check)
{
    /// <summary>The text form: the position, a dot, and the check value as 16 hexadecimal digits.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Position}.{Check:x16}");

    /// <summary>Reads the text form.</summary>
    /// <param name="text">What <see cref="ToString"/> wrote.</param>
    /// <param name="cursor">The cursor, if the text is one.</param>
    /// <returns>Whether the text is a cursor.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out FeedCursor cursor)
    {
        cursor = default;
        var dot = text?.IndexOf('.', StringComparison.Ordinal) ?? -1;
        if (dot < 1 || text!.Length - dot - 1 != 16)
            return false;
        if (!ulong.TryParse(text.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            || !ulong.TryParse(text.AsSpan(dot + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var check))
            return false;
        cursor = new FeedCursor(position, check);
        return true;
    }

    /// <summary>The cursor as the protocol writes it.</summary>
    public Cursor ToProtocol() => new() { Position = Position, Check = Check };

    /// <summary>The cursor of a protocol message.</summary>
    /// <param name="cursor">The protocol's cursor.</param>
    public static FeedCursor FromProtocol(Cursor cursor)
    {
        ArgumentNullException.ThrowIfNull(cursor);
        return new FeedCursor(cursor.Position, cursor.Check);
    }
}
