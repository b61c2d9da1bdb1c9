using System.Threading.Channels;
using Grpc.Core;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Api;

/// <summary>Answers the batches of one SendStream in their order, while later batches are already on their way to disk.</summary>
internal sealed class BatchAnswers : IAsyncDisposable
{
    /// <summary>Batches of one stream in work at a time: enough that the next commit is large while one is under way. What they hold is bounded by the room of the store's queue.</summary>
    private const int InWork = 32;

    private readonly Channel<Task<SendStreamResponse>> answers = Channel.CreateBounded<Task<SendStreamResponse>>(
        new BoundedChannelOptions(InWork) { SingleReader = true, SingleWriter = true });

    private readonly Task writing;

    public BatchAnswers(IServerStreamWriter<SendStreamResponse> responses) => writing = WriteAsync(responses);

    /// <summary>Takes the next batch's answer, waiting while too many are in work.</summary>
    /// <exception cref="Exception">What made an earlier batch fail.</exception>
    public async ValueTask AddAsync(Task<SendStreamResponse> answer, CancellationToken cancellationToken)
    {
        try
        {
            await answers.Writer.WriteAsync(answer, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            await ((Task)answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await writing.ConfigureAwait(false);
        }
    }

    /// <summary>Completes once all answers are written.</summary>
    public async Task CompleteAsync()
    {
        answers.Writer.TryComplete();
        await writing.ConfigureAwait(false);
    }

    private async Task WriteAsync(IServerStreamWriter<SendStreamResponse> responses)
    {
        try
        {
            await foreach (var answer in answers.Reader.ReadAllAsync().ConfigureAwait(false))
                await responses.WriteAsync(await answer.ConfigureAwait(false)).ConfigureAwait(false);
        }
        finally
        {
            answers.Writer.TryComplete();
        }
    }

    public async ValueTask DisposeAsync()
    {
        answers.Writer.TryComplete();
        await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (answers.Reader.TryRead(out var unanswered))
            await ((Task)unanswered).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
