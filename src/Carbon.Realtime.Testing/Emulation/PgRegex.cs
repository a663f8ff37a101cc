using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>A regular expression is none, or one that the emulator cannot read; the message is PostgreSQL's where it is PostgreSQL's to refuse it.</summary>
internal sealed class PgRegexException(string message, bool isNotImitated = false) : Exception(message)
{
    /// <summary>PostgreSQL takes it, and the emulator does not.</summary>
    public bool IsNotImitated => isNotImitated;
}

/// <summary>
/// PostgreSQL's advanced regular expressions, put in .NET's words. They match in linear time, as PostgreSQL's do, unless they look around or back: then a second
/// is the limit (<see cref="RegexMatchTimeoutException"/>).
/// </summary>
internal sealed class PgRegex
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly Dictionary<string, string> Classes = new(StringComparer.Ordinal)
    {
        ["alpha"] = @"\p{L}",
        ["digit"] = @"\d",
        ["alnum"] = @"\p{L}\d",
        ["upper"] = @"\p{Lu}",
        ["lower"] = @"\p{Ll}",
        ["space"] = @"\s",
        ["blank"] = @" \t",
        ["punct"] = @"\p{P}\p{S}",
        ["graph"] = @"\p{L}\p{M}\p{N}\p{P}\p{S}",
        ["print"] = @"\p{L}\p{M}\p{N}\p{P}\p{S} ",
        ["cntrl"] = @"\p{Cc}",
        ["xdigit"] = "0-9A-Fa-f",
        ["word"] = @"\w",
        ["ascii"] = @"\x00-\x7f",
    };

    private readonly string _pattern;
    private readonly StringBuilder _text = new();
    private int _at;

    private PgRegex(string pattern) => _pattern = pattern;

    /// <exception cref="PgRegexException">It is no regular expression, or none that is imitated.</exception>
    public static Func<string, bool> Compile(string pattern, bool ignoreCase)
    {
        var translated = new PgRegex(pattern).Translate();

        // A dot takes the end of a line too.
        var options = RegexOptions.CultureInvariant | RegexOptions.Singleline | (ignoreCase ? RegexOptions.IgnoreCase : RegexOptions.None);
        try
        {
            return Make(translated, options).IsMatch;
        }
        catch (RegexParseException e)
        {
            throw new PgRegexException(e.Error is RegexParseError.InsufficientClosingParentheses or RegexParseError.InsufficientOpeningParentheses
                ? "parentheses () not balanced"
                : e.Error is RegexParseError.UnterminatedBracket ? "brackets [] not balanced"
                : e.Error is RegexParseError.UndefinedNumberedReference ? "invalid backreference number"
                : "quantifier operand invalid");
        }
    }

    private static Regex Make(string pattern, RegexOptions options)
    {
        try
        {
            return new Regex(pattern, options | RegexOptions.NonBacktracking, Patience);
        }
        catch (NotSupportedException)
        {
            return new Regex(pattern, options, Patience);
        }
    }

    private static PgRegexException NotImitated(string what) => new($"the emulator does not imitate {what} (docs/emulator.md)", isNotImitated: true);

    private string Translate()
    {
        if (_pattern.StartsWith("***", StringComparison.Ordinal))
        {
            throw NotImitated("regular expressions that begin with ***");
        }

        while (_at < _pattern.Length)
        {
            var c = _pattern[_at++];
            switch (c)
            {
                case '\\':
                    Escape();
                    break;
                case '[':
                    Bracket();
                    break;
                case '(' when Ahead("?"):
                    Group();
                    break;
                case '$':
                    // .NET's dollar matches before a last line feed as well.
                    _text.Append(@"\z");
                    break;
                default:
                    _text.Append(c);
                    break;
            }
        }

        return _text.ToString();
    }

    private bool Ahead(string text) => string.CompareOrdinal(_pattern, _at, text, 0, text.Length) == 0;

    private void Group()
    {
        foreach (var begin in (ReadOnlySpan<string>)["?:", "?=", "?!", "?<=", "?<!"])
        {
            if (Ahead(begin))
            {
                _at += begin.Length;
                _text.Append('(').Append(begin);
                return;
            }
        }

        if (_at == 1 && Ahead("?i)"))
        {
            _at += 3;
            _text.Append("(?i)");
            return;
        }

        throw _at == 1 ? NotImitated("options in regular expressions, but (?i)") : new PgRegexException("quantifier operand invalid");
    }

    private void Escape()
    {
        if (_at == _pattern.Length)
        {
            throw new PgRegexException("invalid escape \\ sequence");
        }

        var c = _pattern[_at++];
        switch (c)
        {
            case 'm':
                _text.Append(@"\b(?=\w)");
                break;
            case 'M':
                _text.Append(@"\b(?<=\w)");
                break;
            case 'y':
                _text.Append(@"\b");
                break;
            case 'Y':
                _text.Append(@"\B");
                break;
            case 'A':
                _text.Append(@"\A");
                break;
            case 'Z':
                _text.Append(@"\z");
                break;
            case >= '1' and <= '9':
                _text.Append('\\').Append(c);
                break;
            default:
                _text.Append(Character(c));
                break;
        }
    }

    /// <summary>What means the same inside brackets and outside them.</summary>
    private string Character(char c) => c switch
    {
        'd' or 's' or 'w' or 'D' or 'S' or 'W' or 'f' or 'n' or 'r' or 't' or 'v' or 'a' or 'e' => $"\\{c}",
        'b' => @"\u0008",
        'B' => @"\\",
        '0' => @"\u0000",
        'u' => Hexadecimal(4),
        'x' => Hexadecimal(Math.Max(1, _pattern.Skip(_at).TakeWhile(char.IsAsciiHexDigit).Count())),
        _ when char.IsAsciiLetterOrDigit(c) => throw (c is 'U' or 'c' ? NotImitated($"\\{c} in regular expressions") : new PgRegexException("invalid escape \\ sequence")),
        ']' or '-' => $"\\{c}",
        _ => Regex.Escape(c.ToString()),
    };

    private string Hexadecimal(int digits) =>
        _at + digits <= _pattern.Length && uint.TryParse(_pattern.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) && code <= 0xffff
            ? Taken(digits, $"\\u{code:x4}")
            : throw new PgRegexException("invalid escape \\ sequence");

    private string Taken(int length, string result)
    {
        _at += length;
        return result;
    }

    private void Bracket()
    {
        foreach (var (word, boundary) in (ReadOnlySpan<(string, string)>)[("[:<:]]", @"\b(?=\w)"), ("[:>:]]", @"\b(?<=\w)")])
        {
            if (Ahead(word))
            {
                _at += word.Length;
                _text.Append(boundary);
                return;
            }
        }

        _text.Append('[');
        if (Ahead("^"))
        {
            _at++;
            _text.Append('^');
        }

        for (var first = true; _at < _pattern.Length; first = false)
        {
            var c = _pattern[_at++];
            if (c == ']' && !first)
            {
                _text.Append(']');
                return;
            }

            _text.Append(c switch
            {
                '[' when Ahead(":") => Classes.GetValueOrDefault(Named(":]")) ?? throw new PgRegexException("invalid character class"),
                '[' when Ahead(".") || Ahead("=") => Named($"{_pattern[_at]}]") is { Length: 1 } one ? Literal(one[0]) : throw NotImitated("collating elements"),
                '\\' when _at < _pattern.Length => Character(_pattern[_at++]),
                '-' => "-",
                _ => Literal(c),
            });
        }

        throw new PgRegexException("brackets [] not balanced");
    }

    private static string Literal(char c) => c is '[' or ']' or '\\' or '^' or '-' ? $"\\{c}" : c.ToString();

    private string Named(string end)
    {
        var close = _pattern.IndexOf(end, _at + 1, StringComparison.Ordinal);
        return close < 0 ? throw new PgRegexException("brackets [] not balanced") : Taken(close + end.Length - _at, _pattern[(_at + 1)..close]);
    }
}
