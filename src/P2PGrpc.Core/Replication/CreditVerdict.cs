namespace P2PGrpc.Core.Replication;

/// <summary>Whether what came had been given credit for.</summary>
internal enum CreditVerdict
{
    Taken,

    /// <summary>It had, and the credit was taken back since, and there is no room for it.</summary>
    NoRoom,

    /// <summary>More came than credit was ever given for.</summary>
    Overrun,
}
