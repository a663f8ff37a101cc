namespace Carbon.Realtime;

/// <summary>One tenant's view of a manager: the same socket, and a token of its own where one was given. Disposing it completes its streams and ends its stores.</summary>
/// <remarks><c>DisposeAsync</c> waits until what its stores held is in the cache, for two seconds at most; <c>Dispose</c> does not.</remarks>
public interface ITenantScope : IChangeSource, IDisposable, IAsyncDisposable
{
    /// <summary>The tenant.</summary>
    string Tenant { get; }
}
