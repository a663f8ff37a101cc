using System.Globalization;
using System.Text.Json.Nodes;

namespace Carbon.Realtime.Testing;

/// <summary>Names rows: by the plain text of a one-column primary key, or by an object of column values, all of which must be equal.</summary>
public readonly struct EmulatorKey
{
    private EmulatorKey(string? text, EmulatorJson? columns)
    {
        Text = text;
        Columns = columns;
    }

    internal string? Text { get; }

    internal EmulatorJson? Columns { get; }

    /// <summary>By the value of the primary key's only column.</summary>
    public static EmulatorKey FromText(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new EmulatorKey(key, null);
    }

    /// <summary>By columns: a composite key, or any other condition of equality.</summary>
    public static EmulatorKey FromColumns(EmulatorJson columns) => new(null, columns);

    /// <summary>By the value of the primary key's only column.</summary>
    public static implicit operator EmulatorKey(string key) => FromText(key);

    /// <summary>By the value of the primary key's only column.</summary>
    public static implicit operator EmulatorKey(long key) => FromText(key.ToString(CultureInfo.InvariantCulture));

    /// <summary>By columns.</summary>
    public static implicit operator EmulatorKey(JsonObject columns) => FromColumns(columns);
}
