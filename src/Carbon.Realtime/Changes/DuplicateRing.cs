namespace Carbon.Realtime.Changes;

/// <summary>The hashes of the changes last delivered, and while a join may repeat them, how often it may.</summary>
/// <remarks>
/// After a rejoin the server can send again what was committed up to about 0.3 s before it (docs/protocol.md, "Thirty facts", fact 5): a few
/// polls of at most 100 changes. Occurrences are counted, because two changes can be equal in every byte: commit timestamps are
/// milliseconds, and an UPDATE that changes nothing is sent too. Reader's loop only, except <see cref="Close"/>.
/// </remarks>
internal sealed class DuplicateRing
{
    /// <summary>The most changes that are remembered: 4 KiB. A table of more than 1 700 changes a second may repeat some.</summary>
    public const int Bound = 512;

    private const int InitialCapacity = 16;

    private ulong[] _hashes = [];
    private int _next;
    private int _count;
    private Dictionary<ulong, int>? _expected;

    /// <summary>Hashes it has room for; 0 before the first change.</summary>
    public int Capacity => _hashes.Length;

    /// <summary>Whether a join may be repeating what the one before delivered.</summary>
    public bool IsOpen => Volatile.Read(ref _expected) is not null;

    /// <summary>Whether a change is a repetition; if not it is remembered.</summary>
    public bool IsRepeated(ulong hash)
    {
        if (Volatile.Read(ref _expected) is { } expected && TryTake(expected, hash))
        {
            return true; // and still remembered from the first time: the next join may repeat it once more
        }

        Add(hash);
        return false;
    }

    /// <summary>A join begins that may repeat what is remembered, each as often as it was delivered.</summary>
    public void Open()
    {
        var expected = new Dictionary<ulong, int>(_count);
        for (var i = 0; i < _count; i++)
        {
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(expected, _hashes[i], out _)++;
        }

        Volatile.Write(ref _expected, expected.Count > 0 ? expected : null);
    }

    /// <summary>Nothing is a repetition any more. Any thread.</summary>
    public void Close() => Volatile.Write(ref _expected, null);

    /// <summary>Begins anew: what was delivered says nothing of what comes.</summary>
    public void Forget()
    {
        _hashes = [];
        _next = 0;
        _count = 0;
        Close();
    }

    private static bool TryTake(Dictionary<ulong, int> expected, ulong hash)
    {
        ref var left = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrNullRef(expected, hash);
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref left) || left == 0)
        {
            return false;
        }

        left--;
        return true;
    }

    private void Add(ulong hash)
    {
        if (_count == _hashes.Length && _count < Bound)
        {
            // Full for the first time, so nothing has been overwritten and the order is still the array's.
            Array.Resize(ref _hashes, Math.Min(Math.Max(InitialCapacity, _count * 2), Bound));
            _next = _count;
        }

        _hashes[_next] = hash;
        _next = (_next + 1) % _hashes.Length;
        _count = Math.Min(_count + 1, _hashes.Length);
    }
}
