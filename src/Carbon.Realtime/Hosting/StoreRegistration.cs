namespace Carbon.Realtime.Hosting;

/// <summary>A store that the container makes and the host runs.</summary>
/// <param name="Service">As what it is registered.</param>
/// <param name="Key">Under which key; <see langword="null"/> for none.</param>
/// <param name="Manager">The key of its manager; <see langword="null"/> for the default one.</param>
/// <param name="Table">The table.</param>
/// <param name="Options">How it reads and listens.</param>
/// <param name="Resolve">Asks the container for it, so that a program may have put something else in its place.</param>
internal sealed record StoreRegistration(Type Service, string? Key, string? Manager, object Table, object Options, Func<IServiceProvider, ILiveStore> Resolve)
{
    /// <summary>Whether both are to be had in the same way.</summary>
    public bool IsNamedLike(StoreRegistration other) => Service == other.Service && Key == other.Key;

    /// <summary>Whether both are the same store.</summary>
    public bool IsSameStore(StoreRegistration other) => Manager == other.Manager && Table.Equals(other.Table) && Options.Equals(other.Options);
}
