using System.Text;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>Reads PostgREST's small grammar from one decoded parameter. Percent-encoding is gone by now: only double quotes protect anything.</summary>
/// <param name="what">What is parsed, for the error's text.</param>
/// <param name="text">The parameter's value.</param>
internal sealed class RestText(string what, string text)
{
    private int _at;

    public bool AtEnd => _at >= text.Length;

    public char Current => AtEnd ? '\0' : text[_at];

    public RestException Unexpected() => RestException.Grammar(what, text, _at);

    public bool Take(string expected)
    {
        if (!StartsWith(expected))
        {
            return false;
        }

        _at += expected.Length;
        return true;
    }

    public void Expect(string expected)
    {
        if (!Take(expected))
        {
            throw Unexpected();
        }
    }

    public bool StartsWith(string expected) => string.CompareOrdinal(text, _at, expected, 0, expected.Length) == 0;

    /// <summary>Takes the first of the words, whatever its case.</summary>
    public string? TakeWord(params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
        {
            if (string.Compare(text, _at, word, 0, word.Length, StringComparison.OrdinalIgnoreCase) == 0)
            {
                _at += word.Length;
                return word;
            }
        }

        return null;
    }

    /// <summary>A separator with blanks around it.</summary>
    public bool TakeSpaced(string expected)
    {
        var start = _at;
        SkipBlanks();
        if (Take(expected))
        {
            SkipBlanks();
            return true;
        }

        _at = start;
        return false;
    }

    public void SkipBlanks()
    {
        while (Current is ' ' or '\t')
        {
            _at++;
        }
    }

    public string Rest()
    {
        var rest = text[_at..];
        _at = text.Length;
        return rest;
    }

    public string Letters()
    {
        var start = _at;
        while (char.IsAsciiLetter(Current))
        {
            _at++;
        }

        return text[start.._at];
    }

    public string Until(string ends)
    {
        var start = _at;
        while (!AtEnd && !ends.Contains(Current, StringComparison.Ordinal))
        {
            _at++;
        }

        return text[start.._at];
    }

    /// <summary>A column's or table's name: quoted, or letters, digits, <c>_</c>, blanks, <c>$</c> and dashes that begin no arrow.</summary>
    public string Name()
    {
        if (Current == '"')
        {
            return Quoted() is { Length: > 0 } quoted ? quoted : throw Unexpected();
        }

        var start = _at;
        while (char.IsLetterOrDigit(Current) || Current is '_' or ' ' or '$' || (Current == '-' && !StartsWith("->")))
        {
            _at++;
        }

        return text[start.._at].Trim(' ') is { Length: > 0 } name ? name : throw Unexpected();
    }

    /// <summary>Reads something that may turn out to be something else.</summary>
    public T? Try<T>(Func<T?> read)
        where T : class
    {
        var start = _at;
        var result = read();
        if (result is null)
        {
            _at = start;
        }

        return result;
    }

    /// <summary>A quoted value, if its closing quote is followed by a comma or a parenthesis; anything else is raw text, quotes included.</summary>
    public string? QuotedValue() => Current != '"' ? null : Try(() =>
    {
        var value = new StringBuilder();
        for (_at++; !AtEnd && Current != '"'; _at++)
        {
            if (Current == '\\' && ++_at >= text.Length)
            {
                return null;
            }

            value.Append(Current);
        }

        _at++;
        return Current is ',' or ')' ? value.ToString() : null;
    });

    /// <summary>The elements of <c>in.(…)</c>. What follows the parenthesis is the caller's to drop.</summary>
    public List<string> List()
    {
        Expect("(");
        SkipBlanks();
        var elements = new List<string>();
        do
        {
            elements.Add(QuotedValue() ?? Until(",)"));
        }
        while (Take(","));

        Expect(")");

        // A list of one empty text is taken for the empty list, even if it is quoted.
        return elements is [""] ? [] : elements;
    }

    /// <summary>A value inside a group: quoted, an array without inner braces, or raw up to a comma or a parenthesis.</summary>
    public string GroupValue() => QuotedValue() ?? Braces() ?? Until(",)");

    private string? Braces() => Current != '{' ? null : Try(() =>
    {
        var start = _at++;
        Until("{}");
        return Take("}") && (AtEnd || Current is ',' or ')') ? text[start.._at] : null;
    });

    private string Quoted()
    {
        var name = new StringBuilder();
        for (_at++; Current != '"'; _at++)
        {
            if (AtEnd || (Current == '\\' && ++_at >= text.Length))
            {
                throw Unexpected();
            }

            name.Append(Current);
        }

        _at++;
        return name.ToString();
    }
}
