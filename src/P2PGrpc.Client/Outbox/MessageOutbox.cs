using System.Data.Common;
using System.Text;
using System.Threading.Channels;

namespace P2PGrpc.Client;

/// <summary>
/// Sends messages that are a part of the caller's own database transaction: they wait in a table, and go out when it was committed, or never. Made by <c>AddOutbox</c>;
/// the host sends what waits, each message once, in the order of the table for each recipient. Thread-safe.
/// </summary>
public sealed class MessageOutbox
{
    private const int BodyBytes = 128 * 1024;

    private readonly OutboxTable table;
    private readonly MessageSerializer serializer;
    private readonly Channel<bool> added = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    internal MessageOutbox(OutboxTable table, MessageSerializer serializer)
    {
        this.table = table;
        this.serializer = serializer;
    }

    /// <summary>The SQL that makes the table, for migrations.</summary>
    public string CreateTableSql => table.CreateSql;

    /// <summary>Something was added: the relay looks soon.</summary>
    internal ChannelReader<bool> Added => added.Reader;

    /// <summary>
    /// Adds a message to a transaction. After its commit the message is handed to the node under the message_id of its row, so that no crash in between sends it twice
    /// (for the 7 days in which the node knows it). A message that the node refuses for its own sake stays in the table with its error, as refused; where the recipient
    /// is refused, all messages to it wait, and others go on.
    /// </summary>
    /// <param name="transaction">The caller's transaction. It is neither committed nor rolled back here.</param>
    /// <param name="to">Where to: an alias, a PeerId, host:port, #room, or "self".</param>
    /// <param name="message">What. A MessageId that is set must be new in the table and at the node.</param>
    /// <param name="cancellationToken">Gives up; the transaction can then only be rolled back.</param>
    /// <exception cref="ArgumentException">The message is beyond the limits, or the transaction has ended.</exception>
    /// <exception cref="DbException">The database refused.</exception>
    public async Task AddAsync(DbTransaction transaction, string to, OutgoingMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentException.ThrowIfNullOrEmpty(to);
        ArgumentNullException.ThrowIfNull(message);
        var size = message.Text is null ? message.Data.Length : Encoding.UTF8.GetByteCount(message.Text);
        if (size is < 1 or > BodyBytes)
            throw new ArgumentException($"A message has 1 byte to 128 KiB, not {size} bytes.", nameof(message));
        // The trace is that of the transaction; the relay sends later, in none.
        var headers = new Dictionary<string, string>(message.Headers ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        TraceHeaders.AddCurrent(headers);
        await table.AddAsync(
            transaction, to, message with { MessageId = message.MessageId ?? OutgoingMessage.NewMessageId(), Headers = headers }, cancellationToken);
        Wake();
    }

    /// <summary>Adds a typed message to a transaction; see the overload that takes a message.</summary>
    /// <param name="transaction">The caller's transaction.</param>
    /// <param name="to">Where to: an alias, a PeerId, host:port, #room, or "self".</param>
    /// <param name="message">What: a Protobuf message, or what is written as JSON.</param>
    /// <param name="cancellationToken">Gives up; the transaction can then only be rolled back.</param>
    /// <exception cref="ArgumentException">The message is beyond the limits, or the transaction has ended.</exception>
    /// <exception cref="DbException">The database refused.</exception>
    public Task AddAsync<T>(DbTransaction transaction, string to, T message, CancellationToken cancellationToken = default) =>
        AddAsync(transaction, to, serializer.Write(message), cancellationToken);

    /// <summary>Has the table looked at now, and for a while more often than usual. Adding does it: it is for who writes to the table by other ways.</summary>
    public void Wake() => added.Writer.TryWrite(true);
}
