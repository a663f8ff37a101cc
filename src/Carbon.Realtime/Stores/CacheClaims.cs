namespace Carbon.Realtime.Stores;

/// <summary>Who writes where in the cache: of several stores of one manager that hold the same rows, one. Each would save what it alone knows to have changed. Any thread.</summary>
internal sealed class CacheClaims
{
    private readonly Lock _gate = new();
    private readonly Dictionary<StoreCacheKey, (object Owner, int Uses)> _claims = [];

    /// <summary>Takes a place, again if it is the owner's already: its last generation may still be writing.</summary>
    /// <returns>Gives it back; <see langword="null"/> while it is another's.</returns>
    public IDisposable? Take(StoreCacheKey key, object owner)
    {
        lock (_gate)
        {
            var (holder, uses) = _claims.GetValueOrDefault(key, (owner, 0));
            if (holder != owner)
            {
                return null;
            }

            _claims[key] = (owner, uses + 1);
            return new Claim(this, key);
        }
    }

    private void Give(StoreCacheKey key)
    {
        lock (_gate)
        {
            var (owner, uses) = _claims[key];
            if (uses == 1)
            {
                _claims.Remove(key);
            }
            else
            {
                _claims[key] = (owner, uses - 1);
            }
        }
    }

    private sealed class Claim(CacheClaims claims, StoreCacheKey key) : IDisposable
    {
        public void Dispose() => claims.Give(key);
    }
}
