using P2PGrpc.Node.Peers;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>Whom a node lets in.</summary>
public enum AdmissionPolicy
{
    /// <summary>Peers that were configured, pinned or accepted. Others may knock.</summary>
    Known,

    /// <summary>Everybody with a valid identity who is not blocked.</summary>
    Any,
}

/// <summary>What becomes of a peer whose identity is proved.</summary>
internal enum AdmissionVerdict
{
    Admit,

    /// <summary>Let in and put in the book, because everybody is welcome.</summary>
    AdmitNew,

    /// <summary>Let in by an invite, which is used up, and put in the book.</summary>
    AdmitInvited,

    /// <summary>Let in for the rooms that it proved, and for nothing else.</summary>
    AdmitGuest,

    /// <summary>Noted for the owner, and refused.</summary>
    Knock,

    Blocked,
}

/// <summary>Decides about peers by what the book says. Pure.</summary>
internal static class AdmissionRule
{
    /// <param name="record">What the book says of the peer.</param>
    /// <param name="policy">Whom this node lets in.</param>
    /// <param name="sharesRoom">True if the peer has proved a room that this node is in.</param>
    /// <param name="showsInvite">True if the peer has shown an invite that is good. It is used up also by a peer that has come to be known otherwise.</param>
    public static AdmissionVerdict Judge(PeerRecord? record, AdmissionPolicy policy, bool sharesRoom, bool showsInvite) => record?.Admission switch
    {
        Admission.Blocked => AdmissionVerdict.Blocked,
        _ when showsInvite => AdmissionVerdict.AdmitInvited,
        Admission.Known => AdmissionVerdict.Admit,
        _ when policy == AdmissionPolicy.Any => AdmissionVerdict.AdmitNew,
        _ => sharesRoom ? AdmissionVerdict.AdmitGuest : AdmissionVerdict.Knock,
    };
}
