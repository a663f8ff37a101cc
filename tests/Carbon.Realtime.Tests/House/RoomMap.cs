namespace Carbon.Realtime.Tests.House;

/// <summary>Tells the room of a type from its namespace, or from a table where the namespace does not say it.</summary>
internal sealed class RoomMap(string rootNamespace, IReadOnlyDictionary<string, string[]> listed, IReadOnlyDictionary<string, string[]> mayUse)
{
    private readonly Dictionary<string, string> _rooms = listed
        .SelectMany(row => row.Value.Select(name => (Name: name, Room: row.Key)))
        .ToDictionary(row => row.Name, row => row.Room);

    public static RoomMap House { get; } = new("Carbon.Realtime", PublicTypes.ByRoom, Rooms.MayUse);

    public IEnumerable<string> ListedNames => _rooms.Keys;

    /// <summary>The name by which the table would list the type; <see langword="null"/> where its namespace is a room's.</summary>
    public string? ListedName(string @namespace, string name) =>
        @namespace == rootNamespace ? name
        : @namespace.StartsWith(rootNamespace + ".", StringComparison.Ordinal) ? null
        : @namespace.Length == 0 ? name : $"{@namespace}.{name}";

    /// <summary>
    /// The room of a top-level type, or <see langword="null"/> for what compilers and generators add in namespaces of their own.
    /// </summary>
    public string? RoomOf(string @namespace, string name)
    {
        if (ListedName(@namespace, name) is not { } listedName)
        {
            return @namespace[(rootNamespace.Length + 1)..].Split('.')[0];
        }

        return _rooms.TryGetValue(listedName, out var room) ? room : @namespace == rootNamespace ? Rooms.Root : null;
    }

    /// <summary>The room of a type or of the type it is nested in.</summary>
    public string? RoomOf(Type type)
    {
        while (type.DeclaringType is { } outer)
        {
            type = outer;
        }

        return RoomOf(type.Namespace ?? "", type.Name);
    }

    public bool Permits(string from, string to) => from == to || (mayUse.TryGetValue(from, out var permitted) && permitted.Contains(to));

    public bool Knows(string room) => mayUse.ContainsKey(room);
}
