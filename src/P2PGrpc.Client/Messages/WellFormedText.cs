using System.Text;

namespace P2PGrpc.Client;

/// <summary>Texts that can be written as UTF-8, and so arrive as they were sent.</summary>
internal static class WellFormedText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Gives back a text that is well formed.</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    public static string Check(string text, string what, string parameter)
    {
        try
        {
            if (text.AsSpan().ContainsAnyInRange('\ud800', '\udfff'))
                _ = Strict.GetByteCount(text);
            return text;
        }
        catch (EncoderFallbackException fault)
        {
            throw new ArgumentException(
                $"{what} is no valid text: half a character (a lone surrogate) stands at {fault.Index}. Send bytes by OutgoingMessage.FromData.", parameter);
        }
    }
}
