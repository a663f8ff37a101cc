namespace Carbon.Realtime.CoreStores;

/// <summary>How stock of an item is kept: the values that this version knows. Strings, as <see cref="ItemTypes"/> says.</summary>
public static class ItemTrackingTypes
{
    /// <summary>By quantity.</summary>
    public const string Inventory = "Inventory";

    /// <summary>Not at all.</summary>
    public const string NonInventory = "Non-Inventory";

    /// <summary>Each piece by its number.</summary>
    public const string Serial = "Serial";

    /// <summary>By batch.</summary>
    public const string Batch = "Batch";
}
