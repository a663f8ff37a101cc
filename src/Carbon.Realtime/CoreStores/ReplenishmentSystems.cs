namespace Carbon.Realtime.CoreStores;

/// <summary>Where more of an item comes from: the values that this version knows. Strings, as <see cref="ItemTypes"/> says.</summary>
public static class ReplenishmentSystems
{
    /// <summary>It is bought.</summary>
    public const string Buy = "Buy";

    /// <summary>It is made.</summary>
    public const string Make = "Make";

    /// <summary>Either.</summary>
    public const string BuyAndMake = "Buy and Make";
}
