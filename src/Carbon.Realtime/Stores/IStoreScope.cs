using Carbon.Realtime.Authentication;

namespace Carbon.Realtime.Stores;

/// <summary>For whom a store works: a manager's ambient user and tenant, or a scope's. Implemented by the front door.</summary>
internal interface IStoreScope
{
    /// <summary>Whose rows are wanted; <see langword="null"/> while the tenant is not known. Any thread; takes no lock that others are taken under.</summary>
    StoreIdentity? Identity { get; }

    /// <summary>How long a store goes on when nobody wants it any more.</summary>
    TimeSpan Linger { get; }

    /// <summary>Finds out who is signed in, if nobody asked yet. On the scheduler.</summary>
    /// <returns>Why that cannot be known, and when it is worth to ask again; <see langword="null"/> if it is.</returns>
    Task<TokenAnswer?> PrepareAsync();

    /// <summary>Does something after a while, on the scheduler; disposing cancels it. Any thread, with any lock held.</summary>
    IDisposable Later(TimeSpan wait, Action action);
}

/// <summary>What the front door says to a store, whatever its types.</summary>
internal interface IStoreControl
{
    /// <summary>User, role or tenant may be another one: nothing of the old one is shown when this returns.</summary>
    /// <param name="isOtherUser">Whether the user signed out, so that nothing of theirs may be kept.</param>
    void OnIdentityChanged(bool isOtherUser);

    /// <summary>The user's token is another one, or there is one again: what failed for want of one is tried anew, and is nobody's last word any more when this returns.</summary>
    void OnTokenRenewed();

    /// <summary>Where it stands; <see langword="null"/> when nobody uses it.</summary>
    StoreReport? Report();

    /// <summary>Ends the store.</summary>
    /// <returns>Completes when its rows are kept, also where it had ended before.</returns>
    Task Close();
}
