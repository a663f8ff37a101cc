using System.Buffers;
using System.Runtime.Intrinsics;
using System.Text;

namespace Carbon.Realtime.Protocol;

/// <summary>Walks JSON by its brackets and quotes alone, to find where values begin and end without looking into them.</summary>
/// <remarks>
/// Not a validator: what lies inside a skipped value is judged by whoever decodes it. Measured on Carbon's item frame, skipping by
/// vectorised searches costs a small part of tokenising the same bytes, which is why the envelope is found this way.
/// Never throws; the first problem sets <see cref="Error"/> and every later call fails.
/// </remarks>
internal ref struct JsonScanner
{
    public const int MaxDepth = 64;

    private static readonly SearchValues<byte> Structural = SearchValues.Create("\"{}[]"u8);

    private readonly ReadOnlySpan<byte> _json;

    public JsonScanner(ReadOnlySpan<byte> json) => _json = json;

    public int Position { get; private set; }

    public FrameDropReason Error { get; private set; }

    public readonly bool AtEnd => Position >= _json.Length;

    /// <summary>The next byte that is not white space, without taking it; 0 at the end.</summary>
    public byte Peek()
    {
        var position = Position;
        while (position < _json.Length && _json[position] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            position++;
        }

        Position = position;
        return position < _json.Length ? _json[position] : (byte)0;
    }

    public bool TryTake(byte expected)
    {
        if (Peek() != expected || AtEnd)
        {
            return Fail(AtEnd ? FrameDropReason.Truncated : FrameDropReason.Malformed);
        }

        Position++;
        return true;
    }

    /// <summary>Takes <paramref name="token"/> if it comes next; otherwise leaves everything as it is.</summary>
    public bool TakeIf(byte token)
    {
        if (Peek() != token || AtEnd)
        {
            return false;
        }

        Position++;
        return true;
    }

    /// <summary>Takes a string; <paramref name="raw"/> is what stands between the quotes, escapes as they are.</summary>
    public bool TryReadString(out ReadOnlySpan<byte> raw) => TryReadString(out raw, out _);

    /// <inheritdoc cref="TryReadString(out ReadOnlySpan{byte})"/>
    /// <param name="raw">What stands between the quotes, escapes as they are.</param>
    /// <param name="hasEscapes">Whether there are any.</param>
    public bool TryReadString(out ReadOnlySpan<byte> raw, out bool hasEscapes)
    {
        raw = default;
        hasEscapes = false;
        if (!TryTake((byte)'"'))
        {
            return false;
        }

        var start = Position;
        if (!SkipToQuote(out hasEscapes))
        {
            return false;
        }

        raw = _json[start..(Position - 1)];
        return true;
    }

    /// <summary>Takes a string; <paramref name="text"/> is what it says. For what is compared with names that are known: escapes in it cost an array.</summary>
    public bool TryReadText(out ReadOnlySpan<byte> text)
    {
        if (!TryReadString(out text, out var hasEscapes))
        {
            return false;
        }

        if (hasEscapes)
        {
            text = Unescape(text);
        }

        return true;
    }

    /// <summary>Takes one value of any kind; <paramref name="raw"/> is its text.</summary>
    public bool TryReadValue(out ReadOnlySpan<byte> raw)
    {
        raw = default;
        var first = Peek();
        var start = Position;
        var skipped = first switch
        {
            (byte)'"' => TryReadString(out _),
            (byte)'{' or (byte)'[' => SkipContainer(),
            0 => Fail(AtEnd ? FrameDropReason.Truncated : FrameDropReason.Malformed),
            _ => SkipScalar(),
        };
        if (skipped)
        {
            raw = _json[start..Position];
        }

        return skipped;
    }

    /// <summary>Takes exactly <paramref name="expected"/> if those bytes come next: one comparison instead of a walk.</summary>
    public bool TakeIf(ReadOnlySpan<byte> expected)
    {
        if (expected.IsEmpty || !_json[Position..].StartsWith(expected))
        {
            return false;
        }

        Position += expected.Length;
        return true;
    }

    /// <summary>After an element: takes the comma before the next one, or the closing bracket.</summary>
    /// <returns>Whether another element follows; false also on error.</returns>
    public bool MoveNext(byte closing)
    {
        switch (Peek())
        {
            case (byte)',' when !AtEnd:
                Position++;
                return true;
            case var b when b == closing && !AtEnd:
                Position++;
                return false;
            default:
                return Fail(AtEnd ? FrameDropReason.Truncated : FrameDropReason.Malformed);
        }
    }

    public bool Fail(FrameDropReason reason)
    {
        if (Error == FrameDropReason.None)
        {
            Error = reason;
        }

        return false;
    }

    /// <summary>The text of a raw string. Broken escapes are kept as they are: this is for messages and rare names, not for rows.</summary>
    public static byte[] Unescape(ReadOnlySpan<byte> raw)
    {
        var quoted = new byte[raw.Length + 2];
        quoted[0] = quoted[^1] = (byte)'"';
        raw.CopyTo(quoted.AsSpan(1));
        try
        {
            var reader = new System.Text.Json.Utf8JsonReader(quoted);
            reader.Read();
            return Encoding.UTF8.GetBytes(reader.GetString() ?? "");
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException)
        {
            return raw.ToArray();
        }
    }

    private bool SkipToQuote(out bool hasEscapes)
    {
        hasEscapes = false;
        while (true)
        {
            var next = IndexOfQuoteOrEscape(_json[Position..]);
            if (next < 0)
            {
                Position = _json.Length;
                return Fail(FrameDropReason.Truncated);
            }

            Position += next + 1;
            if (_json[Position - 1] == (byte)'"')
            {
                return true;
            }

            hasEscapes = true;
            if (Position >= _json.Length)
            {
                return Fail(FrameDropReason.Truncated);
            }

            Position++; // whatever is escaped cannot end the string
        }
    }

    /// <remarks>Names and most values are shorter than 16 bytes, and two dozen of them are in a record: looking at the first 16 here spares the call that looks at all.</remarks>
    private static int IndexOfQuoteOrEscape(ReadOnlySpan<byte> json)
    {
        if (Vector128.IsHardwareAccelerated && json.Length >= Vector128<byte>.Count)
        {
            var first = Vector128.Create(json);
            var found = Vector128.Equals(first, Vector128.Create((byte)'"')) | Vector128.Equals(first, Vector128.Create((byte)'\\'));
            if (found != Vector128<byte>.Zero)
            {
                return System.Numerics.BitOperations.TrailingZeroCount(found.ExtractMostSignificantBits());
            }
        }

        return json.IndexOfAny((byte)'"', (byte)'\\');
    }

    private bool SkipContainer()
    {
        // One bit per open bracket, set for an object: enough for MaxDepth levels without a stack.
        ulong kinds = 0;
        var depth = 0;
        while (true)
        {
            var next = _json[Position..].IndexOfAny(Structural);
            if (next < 0)
            {
                Position = _json.Length;
                return Fail(FrameDropReason.Truncated);
            }

            Position += next + 1;
            switch (_json[Position - 1])
            {
                case (byte)'"':
                    if (!SkipToQuote(out _))
                    {
                        return false;
                    }

                    break;
                case (byte)'{':
                case (byte)'[':
                    if (++depth > MaxDepth)
                    {
                        return Fail(FrameDropReason.TooDeep);
                    }

                    kinds = (kinds << 1) | (_json[Position - 1] == (byte)'{' ? 1ul : 0ul);
                    break;
                default:
                    if ((kinds & 1) != (_json[Position - 1] == (byte)'}' ? 1ul : 0ul))
                    {
                        return Fail(FrameDropReason.Malformed);
                    }

                    kinds >>= 1;
                    if (--depth == 0)
                    {
                        return true;
                    }

                    break;
            }
        }
    }

    private bool SkipScalar()
    {
        var start = Position;
        while (!AtEnd && _json[Position] is (>= (byte)'0' and <= (byte)'9') or (>= (byte)'a' and <= (byte)'z')
            or (byte)'-' or (byte)'+' or (byte)'.' or (byte)'E')
        {
            Position++;
        }

        return Position > start || Fail(FrameDropReason.Malformed);
    }
}
