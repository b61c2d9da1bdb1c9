using System.Text;

namespace P2PGrpc.Node.Telemetry;

/// <summary>Members of enums as labels have them. Pure.</summary>
internal static class LabelText
{
    /// <summary>In lower case, with an underscore before each word but the first: not_admitted.</summary>
    public static string Of<TEnum>(TEnum member) where TEnum : struct, Enum
    {
        var text = new StringBuilder();
        foreach (var letter in member.ToString())
        {
            if (char.IsUpper(letter) && text.Length > 0)
                text.Append('_');
            text.Append(char.ToLowerInvariant(letter));
        }

        return text.ToString();
    }
}
