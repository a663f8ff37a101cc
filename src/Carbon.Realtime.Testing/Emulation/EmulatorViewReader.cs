using Carbon.Realtime.Testing.Emulation.Rest;

namespace Carbon.Realtime.Testing;

/// <summary>Who reads a view, and what of its tables that reader may see: views are <c>security_invoker</c>. Lives only inside the read.</summary>
public sealed class EmulatorViewReader
{
    private readonly RestSource _source;

    internal EmulatorViewReader(RestSource source, EmulatorClaims claims)
    {
        _source = source;
        Claims = claims;
    }

    /// <summary>The reader's claims.</summary>
    public EmulatorClaims Claims { get; }

    /// <summary>The table's rows that row level security lets the reader see. A reader without any privilege on the table is refused, as in PostgreSQL.</summary>
    /// <param name="table">The table's name, with its schema (<c>app.items</c>) if that is not <c>public</c>.</param>
    /// <exception cref="ArgumentException">There is no such table.</exception>
    public IEnumerable<EmulatorRow> Rows(string table) => _source.RowsForView(table, Claims);
}
