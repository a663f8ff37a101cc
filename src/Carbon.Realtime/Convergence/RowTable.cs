using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Carbon.Realtime.Convergence;

/// <summary>The rows a store holds, and immutable images of them at the price of what changed. One writer.</summary>
/// <remarks>
/// <para>
/// A key has a slot for good (<see cref="KeyIndex{TKey}"/>), rows lie in pages of 16 slots under a tree of branches, and both are copied by the first
/// change after an image was made. So a change costs a look-up and an assignment like a plain dictionary's, an image costs nothing, and the
/// first change of each page after it a few small copies. <c>ImmutableDictionary</c> was measured at about 2.8 µs a change at a million rows,
/// for it copies a path of twenty nodes; a dictionary that is copied for each publication costs all rows.
/// </para>
/// <para>
/// What an image leads to was written before the image was, and is never written again: the edit's number went up with it. Whoever is handed the
/// image with a barrier (a volatile field, a lock, a queue) therefore reads rows and index without any.
/// </para>
/// <para>
/// An image that nobody takes need not be made: what was <see cref="Lend">lent</see> is made into one by the first reader. The writer keeps readers away
/// while it <see cref="WriteInPlace">writes in place</see>; before any other write it makes the image itself. At a million rows, where copying a page
/// costs more than changing it, this is half of a change's price.
/// </para>
/// <para>
/// Removed rows leave dead slots. When they are most of the table, <see cref="Compact"/> moves everything to a new index; images keep the one
/// they were made with.
/// </para>
/// </remarks>
internal sealed class RowTable<TKey, TRow>(IEqualityComparer<TKey>? comparer)
    where TKey : notnull
{
    private const int FewDead = 1024;

    /// <summary>Held to make an image, and to write what none was made of.</summary>
    private readonly Lock _gate = new();
    private KeyIndex<TKey> _index = new(comparer, 0);
    private RowTree<TRow> _tree;
    private long _edit = 1;

    /// <summary>The rows as they are, if an image was made since they changed.</summary>
    private RowImage<TKey, TRow>? _image;
    private LazyImage<TKey, TRow>? _lent;

    /// <summary>Whether a reader may make an image at any moment: then nothing may be written.</summary>
    private bool _isLent;

    public int Count { get; private set; }

    /// <summary>One more than the highest slot.</summary>
    public int SlotCount => _index.Count;

    /// <summary>Whether there are so many dead slots that <see cref="Compact"/> is worth its price.</summary>
    public bool IsSparse => _index.Count - Count > Math.Max(FewDead, Count);

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TRow row)
    {
        var slot = _index.Find(key);
        if (slot >= 0)
        {
            return TryGetAt(slot, out row);
        }

        row = default;
        return false;
    }

    /// <summary>The slot of a key that has a row; -1 if it has none.</summary>
    public int SlotOf(TKey key) => _index.Find(key) is var slot && slot >= 0 && Holds(slot) ? slot : -1;

    public TKey KeyAt(int slot) => _index[slot];

    public bool TryGetAt(int slot, [MaybeNullWhen(false)] out TRow row)
    {
        if (_tree.Page(slot) is { } page && page.Has(slot))
        {
            row = page.Rows[Slots.At(slot)];
            return true;
        }

        row = default;
        return false;
    }

    public bool Holds(int slot) => _tree.Page(slot) is { } page && page.Has(slot);

    /// <summary>The slot that a key has, or has from now on; it must be given a row.</summary>
    public int SlotFor(TKey key) => _index.FindOrAdd(key);

    /// <summary>Gives a slot a row.</summary>
    public void Set(int slot, TRow row)
    {
        var page = Write(slot);
        var bit = 1U << Slots.At(slot);
        Count += (page.Occupied & bit) == 0 ? 1 : 0;
        page.Occupied |= bit;
        page.Rows[Slots.At(slot)] = row;
    }

    /// <summary>Takes a slot's row away.</summary>
    public void RemoveAt(int slot)
    {
        var page = Write(slot);
        page.Occupied &= ~(1U << Slots.At(slot));
        page.Rows[Slots.At(slot)] = default!;
        Count--;
    }

    /// <summary>Forgets all rows. What was lent and not taken has none from now on, and the table keeps nothing alive of what was.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            if (_lent is { Image: null } untaken)
            {
                untaken.Image = RowImage<TKey, TRow>.Empty;
            }

            _lent = null;
            _isLent = false;
            _index = new(comparer, 0);
            _tree = default;
            Count = 0;
            _image = null;
        }
    }

    /// <summary>The rows as they are now. Nothing is copied.</summary>
    public RowImage<TKey, TRow> Publish()
    {
        lock (_gate)
        {
            if (_image is null)
            {
                _image = new(_index, _tree, Count);
                _edit++;
            }

            return _image;
        }
    }

    /// <summary>The rows as they are when somebody takes them, until the next time: as they are now, or as one of the next <see cref="WriteInPlace"/>s leaves them.</summary>
    public LazyImage<TKey, TRow> Lend()
    {
        lock (_gate)
        {
            var next = new LazyImage<TKey, TRow>(this, Count) { Image = _image };
            if (_lent is { Image: null } untaken)
            {
                untaken.Next = next;
            }

            _lent = next;
            _isLent = _image is null;
            return next;
        }
    }

    /// <summary>Until it is disposed of, what was lent and not taken is written in place, and whoever would take it waits: a burst of changes, no more.</summary>
    /// <remarks>Of the user's code only the keys' equality may run meanwhile. Should it take the image itself, it gets one of that moment.</remarks>
    public Writing WriteInPlace() => new(this);

    /// <summary>The rows that were lent. Any thread.</summary>
    internal RowImage<TKey, TRow> Take(LazyImage<TKey, TRow> lazy)
    {
        lock (_gate)
        {
            // Whoever comes late gets what the first after it has that was taken: never more, or he would see it go back when he looks again.
            var taken = lazy;
            while (taken is { Image: null, Next: { } next })
            {
                taken = next;
            }

            return lazy.Image = taken.Image ??= Publish();
        }
    }

    /// <summary>Moves the rows to new slots without gaps. Whoever remembers slots must forget them.</summary>
    public void Compact()
    {
        Reclaim();
        var image = Publish();
        _index = new(comparer, image.Count);
        _tree = default;
        Count = 0;
        _image = null; // with no rows nothing below would, and the old index would live on
        foreach (var (key, row) in image)
        {
            Set(SlotFor(key), row);
        }
    }

    /// <summary>Before a write that readers do not wait for: whoever takes what was lent finds its image made.</summary>
    private void Reclaim()
    {
        if (_isLent)
        {
            _lent!.Take();
            _isLent = false;
        }
    }

    /// <summary>The slot's page, such that no image shares it.</summary>
    private RowPage<TRow> Write(int slot)
    {
        Reclaim();
        _image = null;

        // A page of this edit hangs on branches of this edit: whoever copied it had copied them before.
        return _tree.Page(slot) is { } page && page.Edit == _edit ? page : WriteCopy(slot);
    }

    private RowPage<TRow> WriteCopy(int slot)
    {
        var (root, height) = (_tree.Root, _tree.Shift);
        for (; slot >> height >= Slots.Size; height += Slots.Bits)
        {
            var above = new RowBranch { Edit = _edit };
            above.Nodes[0] = root;
            root = above;
        }

        ref var place = ref root;
        for (var shift = height; shift > 0; shift -= Slots.Bits)
        {
            if (place is null || place.Edit != _edit)
            {
                place = new RowBranch { Edit = _edit, Nodes = place is null ? default : Unsafe.As<RowBranch>(place).Nodes };
            }

            place = ref Unsafe.As<RowBranch>(place).Nodes[Slots.At(slot, shift)];
        }

        var page = new RowPage<TRow> { Edit = _edit };
        if (place is not null)
        {
            var shared = Unsafe.As<RowPage<TRow>>(place);
            page.Occupied = shared.Occupied;
            page.Rows = shared.Rows;
        }

        place = page;
        _tree = new RowTree<TRow>(root, height);
        return page;
    }

    /// <inheritdoc cref="WriteInPlace"/>
    public readonly ref struct Writing
    {
        private readonly RowTable<TKey, TRow>? _table;

        internal Writing(RowTable<TKey, TRow> table)
        {
            _table = table;
            table._gate.Enter();
            table._isLent = false;
        }

        public void Dispose()
        {
            if (_table is { } table)
            {
                table._isLent = table._lent is { Image: null };
                table._gate.Exit();
            }
        }
    }
}
