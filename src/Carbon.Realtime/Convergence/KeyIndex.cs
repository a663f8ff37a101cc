namespace Carbon.Realtime.Convergence;

/// <summary>Which slot a key has. One writer, any number of readers, no locks: keys are added and never taken away.</summary>
/// <remarks>
/// <para>
/// A chained hash table like <see cref="Dictionary{TKey, TValue}"/>, whose entries are numbered in the order of their coming: the number is the slot. A
/// key keeps its slot for the index's life, also while it has no row, so that every image ever published can be looked up through the same
/// index. What is dead in it goes when its owner builds a new one.
/// </para>
/// <para>An entry is written before the bucket that leads to it, and never changed; a larger table is built aside and published whole.</para>
/// </remarks>
internal sealed class KeyIndex<TKey>
    where TKey : notnull
{
    private const int SmallestSize = 16;

    private readonly IEqualityComparer<TKey>? _comparer;
    private Table _table;

    /// <param name="comparer"><see langword="null"/> for the key's own equality, which the runtime then inlines where it can.</param>
    /// <param name="capacity">How many keys are expected.</param>
    public KeyIndex(IEqualityComparer<TKey>? comparer, int capacity)
    {
        _comparer = comparer;
        _table = new Table((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(capacity, SmallestSize)));
    }

    public IEqualityComparer<TKey>? Comparer => _comparer;

    /// <summary>How many slots were given out. Writer only.</summary>
    public int Count { get; private set; }

    /// <summary>The slot of a key; -1 if it has none. Any thread.</summary>
    public int Find(TKey key)
    {
        var table = Volatile.Read(ref _table);
        var hash = Hash(key);
        return Find(table, key, hash);
    }

    /// <summary>The slot of a key, a new one if it has none. Writer only.</summary>
    public int FindOrAdd(TKey key)
    {
        var hash = Hash(key);
        var slot = Find(_table, key, hash);
        if (slot >= 0)
        {
            return slot;
        }

        if (Count == _table.Entries.Length)
        {
            Volatile.Write(ref _table, _table.Grow());
        }

        slot = Count++;
        _table.Add(slot, key, hash);
        return slot;
    }

    /// <summary>The key that a slot was given to. Any thread, for slots that it has seen published.</summary>
    public TKey this[int slot] => Volatile.Read(ref _table).Entries[slot].Key;

    private int Hash(TKey key) => _comparer is null ? key.GetHashCode() : _comparer.GetHashCode(key);

    private int Find(Table table, TKey key, int hash)
    {
        var entries = table.Entries;
        var slot = Volatile.Read(ref table.BucketOf(hash)) - 1;
        if (_comparer is null)
        {
            while (slot >= 0)
            {
                ref var entry = ref entries[slot];
                if (entry.Hash == hash && EqualityComparer<TKey>.Default.Equals(entry.Key, key))
                {
                    return slot;
                }

                slot = entry.Next - 1;
            }
        }
        else
        {
            while (slot >= 0)
            {
                ref var entry = ref entries[slot];
                if (entry.Hash == hash && _comparer.Equals(entry.Key, key))
                {
                    return slot;
                }

                slot = entry.Next - 1;
            }
        }

        return -1;
    }

    private struct Entry
    {
        public int Hash;
        public int Next; // one more than the slot, so that a fresh array is empty
        public TKey Key;
    }

    private sealed class Table(int size)
    {
        private readonly int[] _buckets = new int[size];

        public Entry[] Entries { get; } = new Entry[size];

        public ref int BucketOf(int hash) => ref _buckets[(int)(((uint)hash * 2654435769u) >> (32 - System.Numerics.BitOperations.Log2((uint)_buckets.Length)))];

        public void Add(int slot, TKey key, int hash)
        {
            ref var bucket = ref BucketOf(hash);
            Entries[slot] = new Entry { Hash = hash, Next = bucket, Key = key };
            Volatile.Write(ref bucket, slot + 1);
        }

        public Table Grow()
        {
            var larger = new Table(checked(Entries.Length * 2));
            for (var slot = 0; slot < Entries.Length; slot++)
            {
                larger.Add(slot, Entries[slot].Key, Entries[slot].Hash);
            }

            return larger;
        }
    }
}
