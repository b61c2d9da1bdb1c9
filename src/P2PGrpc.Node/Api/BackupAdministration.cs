using System.Threading.Channels;
using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Upkeep;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Api;

/// <summary>Makes backups while the node runs. Thread-safe; one at a time.</summary>
internal sealed class BackupAdministration(BackupWriter writer)
{
    /// <summary>What the owner is told between two steps of the copy; older words are dropped for newer ones.</summary>
    private const int Untold = 1;

    /// <summary>Tells how far it is; the last answer has the backup.</summary>
    /// <exception cref="NodeRequestException">INVALID_ARGUMENT, ALREADY_EXISTS, RESOURCE_EXHAUSTED or FAILED_PRECONDITION: nothing was left.</exception>
    public async IAsyncEnumerable<CreateBackupResponse> CreateAsync(
        CreateBackupRequest request, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!Path.IsPathFullyQualified(request.Directory))
            throw NodeRequestException.Invalid("directory", "directory is an absolute path on the node's machine, such as /var/backups/p2pgrpc-monday.");
        var told = Channel.CreateBounded<CreateBackupResponse>(new BoundedChannelOptions(Untold) { FullMode = BoundedChannelFullMode.DropOldest });
        // A thread of its own: a large database takes minutes of reading and writing.
        var writing = Task.Factory.StartNew(() => Write(request, told.Writer, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await foreach (var progress in told.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            yield return progress;
        var backup = await writing.ConfigureAwait(false);
        yield return new CreateBackupResponse { CopiedBytes = backup.DatabaseBytes, TotalBytes = backup.DatabaseBytes, Backup = backup };
    }

    private Backup Write(CreateBackupRequest request, ChannelWriter<CreateBackupResponse> told, CancellationToken cancellationToken)
    {
        try
        {
            return writer.Write(
                request.Directory, request.WithKey,
                (copied, total) => told.TryWrite(new CreateBackupResponse { CopiedBytes = (ulong)copied, TotalBytes = (ulong)total }), cancellationToken);
        }
        catch (UpkeepException refused)
        {
            throw new NodeRequestException(
                refused.Reason switch
                {
                    "BACKUP_EXISTS" => StatusCode.AlreadyExists,
                    "BACKUP_NO_ROOM" => StatusCode.ResourceExhausted,
                    _ => StatusCode.FailedPrecondition,
                },
                refused.Reason, refused.Message);
        }
        finally
        {
            told.TryComplete();
        }
    }
}
