namespace Carbon.Realtime.Filters;

/// <summary>The server's own state machine for finding the commas between conditions, one character at a time.</summary>
/// <remarks>
/// docs/protocol.md, "Filters"; <c>split_top_level</c> in the server's subscriptions.ex. A quote opens only right after <c>.</c>, <c>(</c> or
/// <c>,</c>, and the comma that ends a condition is forgotten: a quote that begins a condition does not open.
/// </remarks>
internal struct FilterScanner
{
    private int _depth;
    private bool _quoted;
    private bool _escaped;
    private bool _opening;

    /// <summary>Whether the scanner is where a condition may end: outside parentheses and quotes.</summary>
    public readonly bool AtTopLevel => _depth == 0 && !_quoted;

    /// <summary>Whether a quote is open.</summary>
    public readonly bool InQuotes => _quoted;

    /// <summary>Takes one character; <see langword="true"/> if it is the comma that ends the condition.</summary>
    public bool Next(char c)
    {
        if (_quoted)
        {
            if (_escaped)
            {
                _escaped = false;
            }
            else if (c == '\\')
            {
                _escaped = true;
            }
            else if (c == '"')
            {
                _quoted = false;
            }

            return false;
        }

        switch (c)
        {
            case '"' when _opening:
                _quoted = true;
                _opening = false;
                return false;
            case '(':
                _depth++;
                break;
            case ')':
                _depth = Math.Max(0, _depth - 1);
                break;
            case ',' when _depth == 0:
                _opening = false;
                return true;
        }

        _opening = c is '.' or '(' or ',';
        return false;
    }
}
