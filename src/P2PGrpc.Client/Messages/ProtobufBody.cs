using Google.Protobuf;

namespace P2PGrpc.Client;

/// <summary>Protobuf messages as the data of a message.</summary>
internal static class ProtobufBody
{
    // A message whose fields all have their default values is encoded by no bytes, and a node takes no empty data. The field 19000 stands for it: numbers from
    // there to 19999 are kept for implementations, so that no message has it and every parser skips it.
    private static readonly byte[] Empty = [0xC0, 0xA3, 0x09, 0x00];

    public static byte[] Write(IMessage message)
    {
        var bytes = message.ToByteArray();
        return bytes.Length > 0 ? bytes : Empty;
    }

    /// <summary>Fills the message that is given.</summary>
    /// <exception cref="MessageFormatException">It is not what was received.</exception>
    public static IMessage Read(ReceivedMessage message, IMessage into)
    {
        var name = into.Descriptor.FullName;
        if (message.ContentType != name)
            throw new MessageFormatException($"The message {message.Reference} is no {name}: its content type is '{message.ContentType}'.");
        try
        {
            if (!message.Data.Span.SequenceEqual(Empty))
                into.MergeFrom(message.Data.Span);
            return into;
        }
        catch (InvalidProtocolBufferException fault)
        {
            throw new MessageFormatException($"The message {message.Reference} can't be read as {name}: {fault.Message}", fault);
        }
    }
}
