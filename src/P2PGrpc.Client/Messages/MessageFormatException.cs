namespace P2PGrpc.Client;

/// <summary>A message is not what it was read as: its content type is another, or its bytes don't fit it. Trying again can't help.</summary>
public sealed class MessageFormatException : Exception
{
    /// <summary>Says what does not fit.</summary>
    /// <param name="message">A sentence. Its control characters are shown as escapes: it may hold what a peer wrote, and end in a log.</param>
    /// <param name="inner">What the parser threw.</param>
    public MessageFormatException(string message, Exception? inner = null)
        : base(VisibleText.Escape(message), inner)
    {
    }
}
