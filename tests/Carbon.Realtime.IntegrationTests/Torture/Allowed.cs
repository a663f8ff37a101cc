using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Carbon.Realtime.IntegrationTests.Torture;

/// <summary>Whose rows may be shown. One object for each stretch of time: while somebody changes it, those before and those after.</summary>
internal sealed record Allowed(ImmutableHashSet<string> Companies, ImmutableHashSet<string> Users)
{
    private readonly ConcurrentDictionary<string, Allowed> _in = new(StringComparer.Ordinal);

    private Allowed(Allowed other) => (Companies, Users, _in) = (other.Companies, other.Users, new(StringComparer.Ordinal));

    /// <summary>The same users of one company, which never changes. One object for each stretch of time, like this.</summary>
    public Allowed In(string company) => _in.GetOrAdd(company, c => this with { Companies = [c] });

    public bool Holds(Part row) => Companies.Contains(row.CompanyId) && (!row.Secret || Users.Contains(TortureWorld.Ada));

    public bool Equals(Allowed? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

    public override string ToString() => $"{string.Join('/', Users)} of {string.Join('/', Companies)}";
}

/// <summary>Who may be shown now. Several threads may change it at once: until the last of them is done, all that they had in mind.</summary>
internal sealed class AllowedNow(string company, string user)
{
    private readonly Lock _gate = new();
    private Allowed _now = new([company], [user]);
    private int _switching;
    private int _signing;

    public Allowed Now => Volatile.Read(ref _now);

    public void BeginSwitch(string next)
    {
        lock (_gate)
        {
            _switching++;
            Volatile.Write(ref _now, Now with { Companies = Now.Companies.Add(next) });
        }
    }

    /// <param name="current">Asked when nobody switches any more.</param>
    public void EndSwitch(Func<string> current)
    {
        lock (_gate)
        {
            if (--_switching == 0)
            {
                Volatile.Write(ref _now, Now with { Companies = [current()] });
            }
        }
    }

    public void BeginSignIn(string next)
    {
        lock (_gate)
        {
            _signing++;
            Volatile.Write(ref _now, Now with { Users = Now.Users.Add(next) });
        }
    }

    /// <param name="hasSucceeded">Whether the client is known to have the token of <paramref name="current"/>.</param>
    /// <param name="current">Asked when nobody signs in any more.</param>
    public void EndSignIn(bool hasSucceeded, Func<string> current)
    {
        lock (_gate)
        {
            if (--_signing == 0 && hasSucceeded)
            {
                Volatile.Write(ref _now, Now with { Users = [current()] });
            }
        }
    }
}
