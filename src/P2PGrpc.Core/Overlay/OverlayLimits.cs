namespace P2PGrpc.Core.Overlay;

/// <summary>How many neighbours a member of a room keeps, and how often it does what, each with its reason.</summary>
internal sealed record OverlayLimits
{
    /// <summary>Other members of a room up to which each is linked with each: messages then take one hop, and so many links are no burden.</summary>
    public int FullMesh { get; init; } = 30;

    /// <summary>How long a room must look larger or smaller than that before its members let go of links, or each links with each.</summary>
    public TimeSpan Change { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Neighbours that a member of a larger room looks for. With so many chosen at random, half of all members may fail at once and hardly anybody is cut off.</summary>
    public int Wanted { get; init; } = 6;

    /// <summary>Neighbours from which on those are let go that have more than they want. Well above the number wanted, so that who looks for neighbours finds them.</summary>
    public int Most { get; init; } = 12;

    /// <summary>Neighbours from which on also those are let go that have just as many as they want. They will look for another one.</summary>
    public int Crowd { get; init; } = 24;

    /// <summary>Members told to a new neighbour, or in a shuffle.</summary>
    public int Sample { get; init; } = 16;

    /// <summary>Members told in one go: what a frame holds.</summary>
    public int Told { get; init; } = 32;

    /// <summary>The time between two shuffles: members tell one neighbour some of those that they know. What is new is passed on at once, so this is for what was
    /// lost on the way.</summary>
    public TimeSpan Shuffle { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The time between two links that are made though there are enough: they join again what was split and had neighbours enough on each side.</summary>
    public TimeSpan Wander { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a link must have lived before it may be let go: its other end has to find more neighbours first.</summary>
    public TimeSpan Settled { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The shortest time between two words about how many neighbours there are.</summary>
    public TimeSpan TellPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The first wait before a member is dialled again that could not be reached or whose link ended; it doubles.</summary>
    public TimeSpan FirstRest { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest such wait. Where few can be dialled and all of them have too many neighbours already, this is how often each of the others tries.</summary>
    public TimeSpan LongestRest { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The longest such wait for who has hardly any neighbours.</summary>
    public TimeSpan LongestRestAlone { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Who has fewer neighbours has hardly any.</summary>
    public int Few { get; init; } = 3;

    /// <summary>How long a member counts that can't be dialled and has no link any more. A room in which most are like that is no small room because its links are few.</summary>
    public TimeSpan Remembered { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Such members at one time, far more than make a room large: who holds the ticket can invent any number.</summary>
    public int MostRemembered { get; init; } = 1000;

    /// <summary>A link that lived so long was a good one: the next wait is half as long as the last. It is not forgotten altogether, for where few members can be
    /// dialled, each old link that ends would begin a row of short waits, each of which ends with another link's end.</summary>
    public TimeSpan Lasting { get; init; } = TimeSpan.FromMinutes(10);
}
