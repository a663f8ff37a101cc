namespace Carbon.Realtime.Protocol;

/// <summary>Where each property of one record stands: found once, asked by the guard, the filter, the key and the row.</summary>
/// <remarks>Reused from frame to frame by the reader's thread; valid until the next frame is read.</remarks>
internal sealed class RecordIndex
{
    /// <summary>PostgreSQL's tables have no more columns. Each name may be compared with those before it: a server that sends a hundred thousand must not cost more.</summary>
    public const int MaxProperties = 1600;

    private Entry[] _entries = new Entry[16];

    /// <summary>How many properties the record has.</summary>
    public int Count { get; private set; }

    /// <summary>Indexes <paramref name="scanner"/>'s next value, which must be an object or null.</summary>
    /// <returns>Whether it could be walked; a null gives an empty index.</returns>
    public bool TryRead(scoped ref JsonScanner scanner, ReadOnlySpan<byte> json, out ReadOnlySpan<byte> raw)
    {
        Count = 0;
        raw = default;
        if (scanner.Peek() != (byte)'{')
        {
            return scanner.TryReadValue(out var other) && (other.SequenceEqual("null"u8) || scanner.Fail(FrameDropReason.Malformed));
        }

        var start = scanner.Position;
        ulong seen = 0;
        scanner.TryTake((byte)'{');
        if (!scanner.TakeIf((byte)'}'))
        {
            do
            {
                if (!scanner.TryReadString(out var name, out var hasEscapes))
                {
                    return false;
                }

                var nameEnd = scanner.Position - 1 - start;
                scanner.TryTake((byte)':');
                if (!scanner.TryReadValue(out var value))
                {
                    return false;
                }

                var plain = hasEscapes ? JsonScanner.Unescape(name) : null;
                if (Count == MaxProperties || IsRepeated(json[start..], plain ?? name, ref seen))
                {
                    // The guard would judge one of two that are called alike and the row be made of the other.
                    return scanner.Fail(FrameDropReason.Malformed);
                }

                Add(new Entry(nameEnd - name.Length, name.Length, scanner.Position - start - value.Length, value.Length, plain));
            }
            while (scanner.MoveNext((byte)'}'));
        }

        raw = json[start..scanner.Position];
        return scanner.Error == FrameDropReason.None;
    }

    /// <summary>An index of nothing.</summary>
    public void Clear() => Count = 0;

    /// <summary>Finds a property's value in the record that was indexed.</summary>
    /// <param name="record">The record's text, as <see cref="TryRead"/> gave it.</param>
    /// <param name="name">The column, plain UTF-8.</param>
    /// <param name="hint">
    /// Where it stood last time, and where it was found: columns keep their places from row to row, so one comparison usually does.
    /// </param>
    /// <param name="value">The value's JSON text.</param>
    public bool TryFind(ReadOnlySpan<byte> record, ReadOnlySpan<byte> name, scoped ref int hint, out ReadOnlySpan<byte> value)
    {
        if ((uint)hint < (uint)Count && NameEquals(record, _entries[hint], name))
        {
            value = Value(record, hint);
            return true;
        }

        for (var i = 0; i < Count; i++)
        {
            if (NameEquals(record, _entries[i], name))
            {
                hint = i;
                value = Value(record, i);
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <inheritdoc cref="TryFind(ReadOnlySpan{byte}, ReadOnlySpan{byte}, ref int, out ReadOnlySpan{byte})"/>
    public bool TryFind(ReadOnlySpan<byte> record, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        var hint = -1;
        return TryFind(record, name, ref hint, out value);
    }

    /// <summary>Whether a name occurred before. One bit for each kind of name spares nearly all comparisons.</summary>
    private bool IsRepeated(ReadOnlySpan<byte> record, ReadOnlySpan<byte> name, scoped ref ulong seen)
    {
        var bit = name.IsEmpty ? 1ul : 1ul << (((name.Length * 7) + (name[0] * 3) + name[^1]) & 63);
        var mayRepeat = (seen & bit) != 0;
        seen |= bit;
        if (!mayRepeat)
        {
            return false;
        }

        for (var i = 0; i < Count; i++)
        {
            if (NameEquals(record, _entries[i], name))
            {
                return true;
            }
        }

        return false;
    }

    private static bool NameEquals(ReadOnlySpan<byte> record, in Entry entry, ReadOnlySpan<byte> name) =>
        (entry.Plain is { } plain ? plain : record.Slice(entry.NameStart, entry.NameLength)).SequenceEqual(name);

    private ReadOnlySpan<byte> Value(ReadOnlySpan<byte> record, int index) =>
        record.Slice(_entries[index].ValueStart, _entries[index].ValueLength);

    private void Add(Entry entry)
    {
        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, Count * 2);
        }

        _entries[Count++] = entry;
    }

    /// <summary>One property.</summary>
    /// <param name="NameStart">From the record's beginning.</param>
    /// <param name="NameLength">As it is written.</param>
    /// <param name="ValueStart">From the record's beginning.</param>
    /// <param name="ValueLength">As it is written.</param>
    /// <param name="Plain">The name where it is written with escapes: told once, for it is compared with every other.</param>
    private readonly record struct Entry(int NameStart, int NameLength, int ValueStart, int ValueLength, byte[]? Plain);
}
