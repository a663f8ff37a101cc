namespace Carbon.Realtime.Authentication;

/// <summary>What a question does to the time for which a provider that failed is left alone.</summary>
internal enum Insistence
{
    /// <summary>It is kept: the failure is told again.</summary>
    None = 0,

    /// <summary>The provider is asked all the same. If it fails again, the waits go on to grow.</summary>
    Urgent,

    /// <summary>The provider is asked, and the waits begin anew: whatever was wrong may be mended.</summary>
    Anew,
}
