namespace P2PGrpc.Core.Replication;

/// <summary>What the owner wants of what is shared. What it does not want is refused and counts as heard, so that it costs nothing more; what is held of it stays.</summary>
internal sealed class Interests(ReplicatorState state, PusherChoice choice, SegmentReceiver receiver)
{
    public void OnInterest(ReplicatorInput.Interest interest)
    {
        if (interest.Conversation is { } id)
        {
            var conversation = state.GetConversation(id);
            if (!conversation.SetInterest(interest.Author, interest.Wanted))
                return;
            Apply(conversation, interest);
        }
        else if (interest.Author is { } author && (interest.Wanted ? state.UnwantedAuthors.Remove(author) : state.UnwantedAuthors.Add(author)))
        {
            foreach (var conversation in state.Conversations.Values)
                Apply(conversation, interest);
        }
        else
        {
            return;
        }

        if (interest.Wanted)
            state.Emit(new ReplicatorOutput.ForgetHeard());
    }

    private void Apply(ConversationState conversation, ReplicatorInput.Interest interest)
    {
        if (interest.Wanted)
        {
            // What was told of it here may be less than there is: on former links it was passed over.
            foreach (var link in conversation.Links)
            {
                if (interest.Author is not { } wanted || link.TakesAuthor(wanted, conversation))
                    state.Close(link, CloseReason.WantedAgain);
            }

            return;
        }

        foreach (var log in conversation.Logs.Values)
        {
            if (interest.Author is { } author && author != log.Key.Author)
                continue;
            choice.Drop(log);
            receiver.NotTaken(log);
        }
    }
}
