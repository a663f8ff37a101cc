namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>One column of <c>order</c>. PostgreSQL puts nulls last in ascending order and first in descending.</summary>
internal sealed record RestOrder(string Column, bool IsDescending, bool NullsFirst)
{
    public static IReadOnlyList<RestOrder> Parse(string value)
    {
        var text = new RestText("order", value);
        var columns = new List<RestOrder>();
        do
        {
            columns.Add(One(text));
        }
        while (text.TakeSpaced(","));

        return text.AtEnd ? columns : throw text.Unexpected();
    }

    private static RestOrder One(RestText text)
    {
        text.SkipBlanks();
        var name = text.Name();
        if (text.Current == '(' || text.StartsWith("->"))
        {
            throw RestException.NotImitated("orders by embedded columns or JSON paths");
        }

        var isDescending = text.Take(".desc");
        _ = !isDescending && text.Take(".asc");
        var nullsFirst = text.Take(".nullsfirst");
        return new RestOrder(name, isDescending, nullsFirst || (!text.Take(".nullslast") && isDescending));
    }
}
