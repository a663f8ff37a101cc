using System.Globalization;
using System.Text;

namespace Carbon.Realtime.Tests.Snapshots;

/// <summary>Reads an address as PostgREST does, with its leniencies: they are what a client falls into.</summary>
public sealed class PostgrestQuery
{
    private readonly PostgrestTable _table;
    private readonly List<Func<string[], bool?>> _filters = [];
    private readonly List<int> _order = [];

    public PostgrestQuery(PostgrestTable table, string query)
    {
        _table = table;
        Selected = [.. Enumerable.Range(0, table.ColumnNames.Count())];
        foreach (var parameter in query.TrimStart('?').Split('&', ';').Where(p => p.Contains('=')))
        {
            var at = parameter.IndexOf('=');
            Read(Decode(parameter[..at]), Decode(parameter[(at + 1)..]));
        }
    }

    public List<int> Selected { get; private set; }

    public int Limit { get; private set; } = int.MaxValue;

    public List<string[]> Matching()
    {
        var rows = _table.Rows.Where(row => _filters.All(f => f(row) == true));
        IOrderedEnumerable<string[]>? ordered = null;
        foreach (var column in _order)
        {
            // Nulls last, as ascending order has them.
            ordered = (ordered?.ThenBy(r => _table.Value(column, r) is null) ?? rows.OrderBy(r => _table.Value(column, r) is null))
                .ThenBy(r => _table.Value(column, r));
        }

        // Without an order none is promised: the last row comes first.
        return [.. ordered ?? rows.Reverse()];
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    private void Read(string name, string value)
    {
        var text = new Text(value);
        switch (name)
        {
            case "select" when value == "*":
                break;
            case "select":
                Selected = [.. text.Names(_ => { }).Select(_table.Find)];
                break;
            case "order":
                _order.AddRange(text.Names(t => t.Expect(".asc")).Select(_table.Find));
                break;
            case "limit":
                Limit = int.Parse(value, CultureInfo.InvariantCulture);
                break;
            case "or" or "and":
                _filters.Add(Group(name, text));
                break;
            default:
                var column = new Text(name);
                _filters.Add(Condition(_table.Find(column.Name()), text, inGroup: false));
                break;
        }
    }

    private Func<string[], bool?> Group(string kind, Text text)
    {
        var parts = new List<Func<string[], bool?>>();
        text.Expect("(");
        do
        {
            var inner = text.TakeIf("and(") ? "and" : text.TakeIf("or(") ? "or" : null;
            if (inner is not null)
            {
                text.Back();
                parts.Add(Group(inner, text));
                continue;
            }

            var column = _table.Find(text.Name());
            text.Expect(".");
            parts.Add(Condition(column, text, inGroup: true));
        }
        while (text.TakeIf(","));
        text.Expect(")");
        return row => kind == "and" ? parts.All(p => p(row) == true) : parts.Any(p => p(row) == true);
    }

    private Func<string[], bool?> Condition(int column, Text text, bool inGroup)
    {
        var not = text.TakeIf("not.");
        var op = text.Until('.');
        text.Expect(".");
        if (op == "in")
        {
            var values = text.List();

            // A list of one empty text is taken for the empty list.
            var literals = values is [""] ? [] : values.Select(v => _table.Literal(column, v)).ToList();
            return row => _table.Value(column, row) is { } v ? literals.Contains(v) != not : null;
        }

        var value = inGroup ? text.GroupValue() : text.Rest();
        if (op == "is")
        {
            return row => (_table.Value(column, row) is null) != not;
        }

        var literal = _table.Literal(column, value);
        Func<int, bool> test = op switch
        {
            "eq" => c => c == 0,
            "neq" => c => c != 0,
            "gt" => c => c > 0,
            "gte" => c => c >= 0,
            "lt" => c => c < 0,
            "lte" => c => c <= 0,
            _ => throw new PostgrestException(400, "PGRST100", $"unexpected \"{op}\""),
        };
        return row => _table.Value(column, row) is { } v ? test(v.CompareTo(literal)) != not : null;
    }

    private sealed class Text(string text)
    {
        private int _at;

        public bool TakeIf(string expected)
        {
            if (string.CompareOrdinal(text, _at, expected, 0, expected.Length) != 0)
            {
                return false;
            }

            _at += expected.Length;
            return true;
        }

        public void Back() => _at--;

        public void Expect(string expected)
        {
            if (!TakeIf(expected))
            {
                throw new PostgrestException(400, "PGRST100", $"failed to parse at {_at}");
            }
        }

        public string Rest() => text[_at..];

        public string Until(params char[] ends)
        {
            var end = text.IndexOfAny(ends, _at);
            end = end < 0 ? text.Length : end;
            var taken = text[_at..end];
            _at = end;
            return taken;
        }

        public string Name()
        {
            if (_at < text.Length && text[_at] == '"')
            {
                return Quoted();
            }

            var start = _at;
            while (_at < text.Length && (char.IsLetterOrDigit(text[_at]) || text[_at] is '_' or ' ' or '$'))
            {
                _at++;
            }

            return _at > start ? text[start.._at].Trim() : throw new PostgrestException(400, "PGRST100", "a name was expected");
        }

        public IEnumerable<string> Names(Action<Text> afterEach)
        {
            do
            {
                var name = Name();
                afterEach(this);
                yield return name;
            }
            while (TakeIf(","));

            if (_at < text.Length)
            {
                throw new PostgrestException(400, "PGRST100", $"failed to parse at {_at}");
            }
        }

        /// <summary>What follows the closing parenthesis is dropped by the caller, as PostgREST does.</summary>
        public List<string> List()
        {
            var values = new List<string>();
            Expect("(");
            do
            {
                values.Add(QuotedBefore(',', ')') ?? Until(',', ')'));
            }
            while (TakeIf(","));
            Expect(")");
            return values;
        }

        public string GroupValue() => QuotedBefore(',', ')') ?? Until(',', ')');

        private string? QuotedBefore(params char[] ends)
        {
            var start = _at;
            if (_at < text.Length && text[_at] == '"')
            {
                var value = Quoted();
                if (_at < text.Length && ends.Contains(text[_at]))
                {
                    return value;
                }
            }

            _at = start;
            return null;
        }

        private string Quoted()
        {
            var value = new StringBuilder();
            for (_at++; _at < text.Length && text[_at] != '"'; _at++)
            {
                value.Append(text[_at] == '\\' ? text[++_at] : text[_at]);
            }

            _at++;
            return value.ToString();
        }
    }
}
