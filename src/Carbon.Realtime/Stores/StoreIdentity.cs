using Carbon.Realtime.Authentication;

namespace Carbon.Realtime.Stores;

/// <summary>Whose rows a store holds. Another one is another generation: nothing of this one is ever shown in it.</summary>
/// <param name="Tenant">The tenant; <see langword="null"/> where rows belong to none.</param>
/// <param name="IsSignedIn">Whether there is a user.</param>
/// <param name="Subject">The user; <see langword="null"/> for nobody, and for a token that names none.</param>
/// <param name="Role">In which role.</param>
/// <param name="Mark">What tells tokens apart that name no user.</param>
internal sealed record StoreIdentity(string? Tenant, bool IsSignedIn, string? Subject, string? Role, string? Mark)
{
    public static StoreIdentity Of(string? tenant, JwtIdentity? user) => new(tenant, user is not null, user?.Subject, user?.Role, user?.Mark);

    /// <summary>Whether rows may be kept for it: whose rows those of somebody unknown are could not be told at the next start, nor whose to delete at sign-out.</summary>
    public bool IsKnown => !IsSignedIn || Subject is not null;

    /// <summary>The user as tokens tell of one; <see langword="null"/> for nobody.</summary>
    public JwtIdentity? User => IsSignedIn ? new JwtIdentity(Subject, Role, ExpiresAt: null) { Mark = Mark } : null;
}
