namespace Carbon.Realtime.Primitives;

/// <summary>Whose status a <see cref="StatusSource"/> tells. An interface and no callbacks: there is one for each subscription, and each callback takes 64 bytes.</summary>
internal interface IStatusOwner
{
    /// <summary>An observer threw; it has lost its own subscription.</summary>
    void OnStatusObserverThrew(Exception error);

    /// <summary>Told whether anybody follows, whenever that changes. Under the source's own lock.</summary>
    void OnStatusFollowed(bool isFollowed);
}
