using Carbon.Realtime.Authentication;

namespace Carbon.Realtime.Stores;

/// <summary>Whose rows a store holds. Another one is another generation: nothing of this one is ever shown in it.</summary>
/// <param name="Tenant">The tenant; <see langword="null"/> where rows belong to none.</param>
/// <param name="IsSignedIn">Whether there is a user.</param>
/// <param name="Subject">The user.</param>
/// <param name="Role">In which role.</param>
internal sealed record StoreIdentity(string? Tenant, bool IsSignedIn, string? Subject, string? Role)
{
    public static StoreIdentity Of(string? tenant, AccessToken? token) => new(tenant, token is not null, token?.Identity.Subject, token?.Identity.Role);

    /// <summary>The user as tokens tell of one; <see langword="null"/> for nobody.</summary>
    public JwtIdentity? User => IsSignedIn ? new JwtIdentity(Subject, Role, ExpiresAt: null) : null;

    public bool IsSameUser(StoreIdentity other) => IsSignedIn == other.IsSignedIn && Subject == other.Subject;
}
