using System.Globalization;
using System.Text;

namespace P2PGrpc.Cli;

/// <summary>What is read to become a message: never more than a node takes, and as a text only what is one.</summary>
internal static class InputText
{
    /// <summary>Bytes that a node takes in one message; reading more would only waste memory.</summary>
    public const int LargestBody = 128 * 1024;

    /// <summary>Standard input, to begin a sentence with.</summary>
    public const string StandardInput = "Standard input";

    // Neither byte-order marks nor replacement characters: what arrives is what was given, or nothing is.
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a source to its end, or as many bytes as are wanted at most.</summary>
    /// <exception cref="CommandException">The system does not let it be read.</exception>
    public static async Task<byte[]> ReadAsync(Stream source, int most, string name, CancellationToken cancellationToken)
    {
        var read = new byte[most];
        try
        {
            var length = await source.ReadAtLeastAsync(read, read.Length, throwOnEndOfStream: false, cancellationToken);
            return read[..length];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(name, fault);
        }
    }

    /// <summary>Decodes UTF-8.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="source">What they are, to begin a sentence with.</param>
    /// <exception cref="CommandException">They are something else.</exception>
    public static string Decode(ReadOnlySpan<byte> bytes, string source)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw CommandException.Usage($"{source} is no UTF-8 text. Convert it, or send the bytes as they are: p2pgrpc send TO --file -");
        }
    }

    /// <summary>The error for what has more than <see cref="LargestBody"/> bytes.</summary>
    public static CommandException TooLong(string source) => CommandException.Usage(
        string.Create(CultureInfo.InvariantCulture, $"{source} holds more than the {LargestBody} bytes that a message may have."));

    /// <summary>The error for an input that the system does not let be read.</summary>
    public static CommandException Unreadable(string source, Exception fault) =>
        new(ExitCodes.Failure, $"{source} can't be read: {fault.GetBaseException().Message}");
}
