using Grpc.Core;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Delivery;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.History;

/// <summary>What was said in this node's conversations: lists, pages, search, and what is unread. Thread-safe.</summary>
internal sealed class ConversationHistory(LogStore store, HistoryIndexer index, Recipients recipients, RoomBook rooms, ReplicationLoop replication, Glimpses glimpses)
{
    private readonly MessageBatches batches = new(recipients, only: null, includeOwn: true, store.ObserveClock);
    private readonly ReadMarks marks = new(store);

    /// <exception cref="NodeRequestException">INVALID_ARGUMENT, or UNAVAILABLE if the index can't be read.</exception>
    public async Task<ListConversationsResponse> ListConversationsAsync(ListConversationsRequest request, CancellationToken cancellationToken)
    {
        var size = CheckSize(request.PageSize);
        var before = ReadPosition(request.Page, "page");
        var behind = await index.CatchUpAsync(cancellationToken).ConfigureAwait(false);
        var listed = Read(connection =>
        {
            var response = new ListConversationsResponse { Behind = behind };
            var found = HistoryReader.ListConversations(connection, before, size + 1);
            var weight = 0;
            foreach (var conversation in found.Take(size).TakeWhile(_ => weight < HistoryLimits.PageBytes))
            {
                var described = Describe(connection, conversation);
                weight += described.CalculateSize();
                response.Conversations.Add(described);
            }

            if (response.Conversations.Count < found.Count)
                response.NextPage = WritePosition(found[response.Conversations.Count - 1].LastPosition);
            else
                AddSilentRooms(connection, response);
            return response;
        });
        foreach (var conversation in listed.Conversations)
            if (Bytes32.TryParse(conversation.Conversation_, out var id))
                conversation.Missing = (await replication.MeasureAsync(new ConversationId(id), [], cancellationToken).ConfigureAwait(false)).Missing;
        return listed;
    }

    /// <exception cref="NodeRequestException">INVALID_ARGUMENT, NOT_FOUND, or UNAVAILABLE if the index can't be read.</exception>
    public async Task<ListMessagesResponse> ListMessagesAsync(ListMessagesRequest request, CancellationToken cancellationToken)
    {
        var size = CheckSize(request.PageSize);
        var (conversation, author) = Resolve(request.Conversation, request.Author);
        var byAuthor = author is null ? null : ReadAuthorPlace(request);
        var byTime = author is null ? ReadTimePlace(request) : default;
        var older = request.PlaceCase is ListMessagesRequest.PlaceOneofCase.None or ListMessagesRequest.PlaceOneofCase.Before or ListMessagesRequest.PlaceOneofCase.BeforeMs;
        var backlog = author is null
            ? await glimpses.LookAsync(conversation, byTime, older, size, cancellationToken).ConfigureAwait(false)
            : await replication.MeasureAsync(conversation, [], cancellationToken).ConfigureAwait(false);
        // In this order what was on disk when that was measured is indexed when the page is read, unless the index is behind.
        var behind = await index.CatchUpAsync(cancellationToken).ConfigureAwait(false);
        var ahead = author is null ? glimpses.Show(conversation, backlog, isIndexed: behind == 0) : AheadView.Nothing;
        var page = Read(connection =>
        {
            var number = HistoryReader.FindConversation(connection, conversation)?.Number;
            if (author is null)
                return number is null && ahead.IsEmpty ? new ListMessagesResponse() : WriteByTime(connection, number, ahead, byTime, older, size);
            return number is { } held && HistoryReader.FindAuthor(connection, author.Value) is { } authorNumber
                ? WriteByAuthor(connection, held, authorNumber, byAuthor!.Value, older, size)
                : new ListMessagesResponse { Newer = WritePosition(0) };
        });
        (page.Behind, page.Missing) = (behind, backlog.Missing);
        return page;
    }

    /// <exception cref="NodeRequestException">INVALID_ARGUMENT, NOT_FOUND, or UNAVAILABLE if the index can't be read.</exception>
    public async Task<SearchMessagesResponse> SearchAsync(SearchMessagesRequest request, CancellationToken cancellationToken)
    {
        var size = CheckSize(request.PageSize);
        var before = ReadPosition(request.Page, "page");
        ConversationId? conversation = request.Conversation.Length > 0 ? ResolveConversation(request.Conversation) : null;
        PeerId? author = request.Author.Length > 0 ? recipients.ResolveAuthor(request.Author) : null;
        _ = Parse(request.Query, []);
        var behind = await index.CatchUpAsync(cancellationToken).ConfigureAwait(false);
        return Read(connection =>
        {
            var places = new List<string>();
            if (conversation is { } only)
                places.Add(SearchQuery.ConversationWord(HistoryReader.FindConversation(connection, only)?.Number ?? 0));
            if (author is { } who)
                places.Add(SearchQuery.AuthorWord(HistoryReader.FindAuthor(connection, who) ?? 0));
            var found = HistoryReader.Search(connection, Parse(request.Query, places), before, size + 1);
            var page = new MessagePage(store, batches);
            var shown = found.Take(size).TakeWhile(page.TryAdd).ToList();
            var response = new SearchMessagesResponse { Behind = behind, Unreadable = page.Unreadable, Batches = { page.Write(turned: false) } };
            if (shown.Count < found.Count)
                response.NextPage = WritePosition(shown[^1]);
            return response;
        });
    }

    /// <exception cref="NodeRequestException">INVALID_ARGUMENT, NOT_FOUND, or UNAVAILABLE.</exception>
    public async Task<MarkReadResponse> MarkReadAsync(MarkReadRequest request, CancellationToken cancellationToken)
    {
        var conversation = ResolveConversation(request.Conversation);
        var last = store.LastPosition;
        if (request.Position > last)
            throw new NodeRequestException(
                StatusCode.OutOfRange, "POSITION_UNKNOWN", $"This node's feed ends with position {last}. Give the position of a message that it holds, or 0 for all.")
            { Field = "position" };
        try
        {
            await marks.MoveAsync(conversation, request.Position == 0 ? last : request.Position, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException failed)
        {
            throw NodeRequestException.OfStore(failed);
        }

        await index.CatchUpAsync(cancellationToken).ConfigureAwait(false);
        return Read(connection => new MarkReadResponse
        {
            Unread = HistoryReader.FindConversation(connection, conversation) is { } known
                ? HistoryReader.CountUnread(connection, known.Number, marks.Find(conversation))
                : 0,
        });
    }

    /// <exception cref="NodeRequestException">RESOURCE_EXHAUSTED: the disk is full. UNAVAILABLE: the index can't be written.</exception>
    public async Task<RebuildHistoryResponse> RebuildAsync(CancellationToken cancellationToken)
    {
        try
        {
            await index.RebuildAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException failed)
        {
            throw failed.Failure == StoreFailure.Full ? NodeRequestException.OfStore(failed) : Unavailable(failed);
        }

        return new RebuildHistoryResponse { Messages = store.LastPosition };
    }

    private ListMessagesResponse WriteByTime(StoreConnection connection, long? conversation, AheadView ahead, HistoryPlace place, bool older, int size)
    {
        var found = List(place, older, size + 1);
        var page = new MessagePage(store, batches);
        var shown = found.Take(size)
            .TakeWhile(message => message.Ahead is { } seen ? page.TryAdd(seen, ahead.CountMissingBefore(seen)) : page.TryAdd(message.Position))
            .Select(message => message.Place).ToList();
        var more = shown.Count < found.Count;
        // Behind the end nothing ever comes: whoever found nothing goes on from the beginning.
        var nowhere = place == HistoryPlace.End ? HistoryPlace.Beginning : place;
        var (first, last) = shown.Count == 0 ? (place, nowhere) : older ? (shown[^1], shown[0]) : (shown[0], shown[^1]);
        var response = new ListMessagesResponse { Unreadable = page.Unreadable, Batches = { page.Write(turned: older) } };
        if (older ? more || ahead.GoesOnBefore(first) : List(first, backwards: true, 1).Count > 0)
            response.Older = first.ToString();
        response.Newer = last.ToString();
        response.HasNewer = older ? List(last, backwards: false, 1).Count > 0 : more;
        return response;

        List<PagedMessage> List(HistoryPlace from, bool backwards, int count) => PagedMessage.Join(
            conversation is { } held ? HistoryReader.ListByTime(connection, held, from, backwards, count) : [], ahead.List(from, backwards, count), backwards, count);
    }

    private ListMessagesResponse WriteByAuthor(StoreConnection connection, long conversation, long author, ulong position, bool older, int size)
    {
        var found = HistoryReader.ListByAuthor(connection, conversation, author, position, older, size + 1);
        var page = new MessagePage(store, batches);
        var shown = found.Take(size).TakeWhile(page.TryAdd).ToList();
        var more = shown.Count < found.Count;
        var (first, last) = shown.Count == 0 ? (position, position == ulong.MaxValue ? 0 : position) : older ? (shown[^1], shown[0]) : (shown[0], shown[^1]);
        var response = new ListMessagesResponse { Unreadable = page.Unreadable, Batches = { page.Write(turned: older) } };
        if (older ? more : HistoryReader.ListByAuthor(connection, conversation, author, first, older: true, 1).Count > 0)
            response.Older = WritePosition(first);
        response.Newer = WritePosition(last);
        response.HasNewer = older ? HistoryReader.ListByAuthor(connection, conversation, author, last, older: false, 1).Count > 0 : more;
        return response;
    }

    private Conversation Describe(StoreConnection connection, IndexedConversation conversation)
    {
        var page = new MessagePage(store, batches);
        page.TryAdd(conversation.LastPosition);
        var described = Describe(conversation.Conversation);
        described.Messages = conversation.Messages;
        described.Unread = HistoryReader.CountUnread(connection, conversation.Number, marks.Find(conversation.Conversation));
        described.Last = page.Write(turned: false).FirstOrDefault();
        return described;
    }

    private Conversation Describe(ConversationId conversation)
    {
        var room = recipients.RoomLabelOf(conversation);
        return new Conversation { Conversation_ = conversation.ToString(), Room = room, Peer = room.Length > 0 ? "" : recipients.LabelOf(conversation) };
    }

    /// <summary>Rooms in which nothing was said yet.</summary>
    private void AddSilentRooms(StoreConnection connection, ListConversationsResponse response)
    {
        foreach (var room in rooms.Snapshot.Joined.OrderBy(room => room.Label, StringComparer.Ordinal))
            if (HistoryReader.FindConversation(connection, room.Conversation) is null)
                response.Conversations.Add(Describe(room.Conversation));
    }

    private (ConversationId Conversation, PeerId? Author) Resolve(string conversation, string author) =>
        (ResolveConversation(conversation), author.Length > 0 ? recipients.ResolveAuthor(author) : null);

    /// <summary>As for Subscribe, and by its id also the direct conversation with a peer that is no longer known.</summary>
    private ConversationId ResolveConversation(string name)
    {
        if (name.Length == 0)
            throw NodeRequestException.Invalid("conversation", "The conversation is missing. Give an alias, a PeerId, #room, self or a ConversationId.");
        if (Bytes32.TryParse(name, out var id) && Read(connection => HistoryReader.FindConversation(connection, new ConversationId(id))) is { } known)
            return known.Conversation;
        return recipients.ResolveKnown(name);
    }

    private static string Parse(string query, IReadOnlyList<string> places) =>
        SearchQuery.Parse(query, places, out var fault) ?? throw NodeRequestException.Invalid("query", fault);

    private static int CheckSize(uint size) => size switch
    {
        0 => HistoryLimits.DefaultPage,
        <= HistoryLimits.LargestPage => (int)size,
        _ => throw NodeRequestException.Invalid("page_size", $"A page has at most {HistoryLimits.LargestPage} messages."),
    };

    private static HistoryPlace ReadTimePlace(ListMessagesRequest request) => request.PlaceCase switch
    {
        ListMessagesRequest.PlaceOneofCase.Before => ReadPlace(request.Before, "before"),
        ListMessagesRequest.PlaceOneofCase.After => ReadPlace(request.After, "after"),
        ListMessagesRequest.PlaceOneofCase.BeforeMs => HistoryPlace.Before(request.BeforeMs),
        ListMessagesRequest.PlaceOneofCase.FromMs => HistoryPlace.Before(request.FromMs),
        _ => HistoryPlace.End,
    };

    private static ulong? ReadAuthorPlace(ListMessagesRequest request) => request.PlaceCase switch
    {
        ListMessagesRequest.PlaceOneofCase.Before => ReadPosition(request.Before, "before"),
        ListMessagesRequest.PlaceOneofCase.After => ReadPosition(request.After, "after"),
        ListMessagesRequest.PlaceOneofCase.BeforeMs => throw NodeRequestException.Invalid("before_ms", "A time can't be given together with an author."),
        ListMessagesRequest.PlaceOneofCase.FromMs => throw NodeRequestException.Invalid("from_ms", "A time can't be given together with an author."),
        _ => ulong.MaxValue,
    };

    private static HistoryPlace ReadPlace(string text, string field) => HistoryPlace.TryParse(text, out var place)
        ? place
        : throw NodeRequestException.Invalid(field, "This is no place in a conversation. Give the older or newer of an answer to the same question.");

    private static ulong ReadPosition(string text, string field)
    {
        if (text.Length == 0)
            return ulong.MaxValue;
        return ulong.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var position)
            ? position
            : throw NodeRequestException.Invalid(field, "This is no place in the history. Give what an answer to the same question held.");
    }

    private static string WritePosition(ulong position) => position.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private T Read<T>(Func<StoreConnection, T> read)
    {
        try
        {
            return index.Read(read);
        }
        catch (StoreException unreadable)
        {
            throw Unavailable(unreadable);
        }
    }

    private static NodeRequestException Unavailable(StoreException failed) =>
        new(StatusCode.Unavailable, "HISTORY_UNAVAILABLE", failed.Message) { RetryAfter = HistoryLimits.RetryDelay };
}
