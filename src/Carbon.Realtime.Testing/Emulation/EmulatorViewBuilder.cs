namespace Carbon.Realtime.Testing;

/// <summary>Describes a view for <see cref="RealtimeEmulator.CreateView"/>.</summary>
public sealed class EmulatorViewBuilder
{
    internal EmulatorViewBuilder(EmulatorTableBuilder shape) => Shape = shape;

    internal EmulatorTableBuilder Shape { get; }

    internal Func<EmulatorViewReader, IEnumerable<EmulatorJson>>? Query { get; private set; }

    /// <summary>Adds a column.</summary>
    /// <param name="name">Its name, case sensitive.</param>
    /// <param name="type">As for <see cref="EmulatorTableBuilder.Column"/>.</param>
    public EmulatorViewBuilder Column(string name, string type)
    {
        Shape.Column(name, type);
        return this;
    }

    /// <summary>What the view shows. Required.</summary>
    /// <param name="query">
    /// The rows, from those of the tables that the reader may see; columns that a row does not name are null. Asked anew for every read, under the
    /// emulator's lock: it must not wait.
    /// </param>
    public EmulatorViewBuilder Rows(Func<EmulatorViewReader, IEnumerable<EmulatorJson>> query)
    {
        ArgumentNullException.ThrowIfNull(query);
        Query = query;
        return this;
    }

    /// <summary>Limits which columns a role may SELECT, as <see cref="EmulatorTableBuilder.SelectPrivilege"/> does.</summary>
    /// <param name="privilege">Whether a role (first) may select a column (second).</param>
    public EmulatorViewBuilder SelectPrivilege(Func<string, string, bool> privilege)
    {
        Shape.SelectPrivilege(privilege);
        return this;
    }
}
