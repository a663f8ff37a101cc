namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>One entry of <c>select</c>.</summary>
internal abstract record RestSelectItem;

/// <summary><c>*</c>.</summary>
internal sealed record RestSelectAll : RestSelectItem;

/// <summary><c>alias:column::text</c>.</summary>
internal sealed record RestSelectColumn(string Name, string? Alias, bool AsText) : RestSelectItem;

/// <summary><c>alias:relation!hint!inner(columns)</c>.</summary>
internal sealed record RestSelectEmbed(string Relation, string? Alias, string? Hint, bool IsInner, IReadOnlyList<RestSelectItem> Items) : RestSelectItem
{
    public string JsonName => Alias ?? Relation;
}

/// <summary>Reads the parameter <c>select</c>.</summary>
internal static class RestSelect
{
    private static readonly string[] Aggregates = ["count", "sum", "avg", "min", "max"];

    public static IReadOnlyList<RestSelectItem> Parse(string value)
    {
        if (value.Length == 0)
        {
            return [new RestSelectAll()];
        }

        var text = new RestText("select parameter", value);
        var items = Items(text);

        // What follows an unbalanced parenthesis is ignored, without a word.
        return text.AtEnd || text.Current == ')' ? items : throw text.Unexpected();
    }

    private static List<RestSelectItem> Items(RestText text)
    {
        var items = new List<RestSelectItem>();
        do
        {
            items.Add(Item(text));
        }
        while (text.TakeSpaced(","));

        text.SkipBlanks();
        return items;
    }

    private static RestSelectItem Item(RestText text)
    {
        text.SkipBlanks();
        if (text.Take("*"))
        {
            return new RestSelectAll();
        }

        if (text.StartsWith("..."))
        {
            throw RestException.NotImitated("spread embeds");
        }

        var alias = text.Try(() =>
        {
            var name = text.Name();
            return text.Current == ':' && !text.StartsWith("::") && text.Take(":") ? name : null;
        });
        text.SkipBlanks();
        var name = text.Name();
        if (text.Current is '!' or '(')
        {
            return Embed(text, name, alias);
        }

        if (text.StartsWith("->"))
        {
            throw RestException.NotImitated("JSON paths");
        }

        if (text.Take("."))
        {
            throw Aggregates.Contains(text.Letters()) && text.Take("()") ? NoAggregates() : text.Unexpected();
        }

        return new RestSelectColumn(name, alias, text.Take("::") && Cast(text));
    }

    private static RestSelectEmbed Embed(RestText text, string name, string? alias)
    {
        string? hint = null;
        var isInner = false;
        while (text.Take("!"))
        {
            var word = text.Name();
            isInner |= word == "inner";
            hint = word is "inner" or "left" ? hint : word;
        }

        text.Expect("(");
        if (name == "count" && text.StartsWith(")"))
        {
            throw NoAggregates();
        }

        var items = text.StartsWith(")") ? [] : Items(text);
        text.Expect(")");
        return new RestSelectEmbed(name, alias, hint, isInner, items);
    }

    private static bool Cast(RestText text) => text.Name() == "text" ? true : throw RestException.NotImitated("casts to another type than text");

    private static RestException NoAggregates() =>
        new(System.Net.HttpStatusCode.BadRequest, "PGRST123", "Use of aggregate functions is not allowed");
}
