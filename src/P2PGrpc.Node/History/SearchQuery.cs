using System.Globalization;
using System.Text;

namespace P2PGrpc.Node.History;

/// <summary>What somebody looks for, in the language of SQLite's full-text search. Whatever is typed gives a valid expression or none. Pure.</summary>
internal static class SearchQuery
{
    /// <summary>The word that stands for a conversation in the column of places.</summary>
    public static string ConversationWord(long number) => string.Create(CultureInfo.InvariantCulture, $"c{number}");

    /// <summary>The word that stands for an author there.</summary>
    public static string AuthorWord(long number) => string.Create(CultureInfo.InvariantCulture, $"a{number}");

    /// <summary>Reads words, "phrases in quotes" and beginnings*. Signs between letters make a phrase of what they part: "well-kept" is "well kept".</summary>
    /// <param name="query">What was typed.</param>
    /// <param name="places">Words that must occur in the column of places.</param>
    /// <param name="fault">What is wrong, or empty.</param>
    /// <returns>The expression; null if something is wrong.</returns>
    public static string? Parse(string query, IEnumerable<string> places, out string fault)
    {
        fault = $"A query has at most {HistoryLimits.QueryLength} characters.";
        if (query.Length > HistoryLimits.QueryLength)
            return null;
        var terms = new List<string>();
        foreach (var (text, isPrefix) in Split(query))
        {
            var letters = text.EnumerateRunes().Count(IsWordPart);
            if (letters == 0)
                continue;
            fault = $"Give at least {HistoryLimits.PrefixLength} letters before the *.";
            if (isPrefix && letters < HistoryLimits.PrefixLength)
                return null;
            terms.Add($"\"{text}\"{(isPrefix ? " *" : "")}");
        }

        fault = "The query holds no word to look for.";
        if (terms.Count == 0)
            return null;
        fault = $"A query has at most {HistoryLimits.QueryWords} words.";
        if (terms.Count > HistoryLimits.QueryWords)
            return null;
        fault = "";
        return $"text : ({string.Join(" AND ", terms)}){string.Concat(places.Select(place => $" AND place : \"{place}\""))}";
    }

    private static IEnumerable<(string Text, bool IsPrefix)> Split(string query)
    {
        var quoted = false;
        // SQLite's language ends at a NUL.
        var clean = string.Concat(query.Select(character => char.IsControl(character) ? ' ' : character));
        foreach (var piece in clean.Split('"'))
        {
            if (quoted)
                yield return (piece, false);
            else
                foreach (var word in piece.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
                    yield return (word.TrimEnd('*'), word.EndsWith('*'));
            quoted = !quoted;
        }
    }

    /// <summary>What the tokenizer takes for a part of a word: letters and numbers. A text without any would match everything or nothing.</summary>
    private static bool IsWordPart(Rune rune) => Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
}
