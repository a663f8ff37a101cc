namespace Carbon.Realtime.CoreStores;

/// <summary>What kind of thing an item is: the values of the enum <c>itemType</c> that this version knows.</summary>
/// <remarks>
/// Strings and not an enum, for the database's enums grow: an unknown value must survive a read, a change and the cache, and be shown. Constants,
/// so that <c>switch</c> and <c>is</c> take them, filters and bindings need no conversion, and a program's own row types may have them without a converter.
/// </remarks>
public static class ItemTypes
{
    /// <summary>A part: bought or made, and built into others or sold.</summary>
    public const string Part = "Part";

    /// <summary>Raw material.</summary>
    public const string Material = "Material";

    /// <summary>A tool.</summary>
    public const string Tool = "Tool";

    /// <summary>A service.</summary>
    public const string Service = "Service";

    /// <summary>What is used up in making.</summary>
    public const string Consumable = "Consumable";

    /// <summary>What holds a work piece.</summary>
    public const string Fixture = "Fixture";
}
