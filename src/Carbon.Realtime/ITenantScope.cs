namespace Carbon.Realtime;

/// <summary>One tenant's view of a manager: the same socket, and a token of its own where one was given. Disposing it completes its streams.</summary>
public interface ITenantScope : IChangeSource, IDisposable, IAsyncDisposable
{
    /// <summary>The tenant.</summary>
    string Tenant { get; }
}
