using System.Net;
using System.Net.Sockets;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Replication;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Wire;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>Somebody with an identity of its own who means ill. Counts what it got done, so that an attack that does nothing is noticed.</summary>
internal sealed class Attacker(NodeProcess victim, IdentityKey key) : IDisposable
{
    private long done;

    public IPEndPoint Node { get; } = new(IPAddress.Loopback, victim.ListenPort);

    public IdentityKey Key => key;

    public NodeCertificate Certificate { get; } = NodeCertificate.Create(key);

    /// <summary>What it says to share with the victim; by default the direct conversation alone.</summary>
    public Func<LinkNonces, LinkShares>? Shares { get; init; }

    /// <summary>Frames, calls, messages or connections, as the attack counts.</summary>
    public long Done => Interlocked.Read(ref done);

    public void Count(long more = 1) => Interlocked.Add(ref done, more);

    public Task<RawConnection> ConnectAsync(CancellationToken cancellationToken, params (ushort, uint)[] settings) =>
        RawConnection.ConnectAsync(Node, Certificate, cancellationToken, settings);

    public Task<RawLink> OpenAsync(CancellationToken cancellationToken) => RawLink.OpenAsync(Node, key, Certificate, cancellationToken);

    public Task<RawLink> JoinAsync(CancellationToken cancellationToken, HeardPosition heard = default) =>
        RawLink.JoinAsync(Node, key, Certificate, cancellationToken, heard, Shares);

    /// <summary>Does something over and over, also when the node hangs up on it, until told to stop.</summary>
    public static async Task RepeatAsync(Func<CancellationToken, Task> attack, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await attack(cancellationToken);
            }
            catch (Exception hungUp) when (hungUp is IOException or ObjectDisposedException or InvalidOperationException or SocketException)
            {
                // Just what is to be expected: the next one.
                await Eventually.PauseAsync(1);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>The same from several sides at once.</summary>
    public static Task RepeatAsync(int sides, Func<CancellationToken, Task> attack, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, sides).Select(_ => Task.Run(() => RepeatAsync(attack, cancellationToken), CancellationToken.None)));

    public void Dispose() => Certificate.Dispose();
}
