namespace Carbon.Realtime.CoreStores;

/// <summary>Where a supplier stands: the values of the enum <c>supplierStatusType</c> that this version knows. Strings, as <see cref="ItemTypes"/> says.</summary>
public static class SupplierStatuses
{
    /// <summary>May be bought from.</summary>
    public const string Active = "Active";

    /// <summary>Not bought from any more.</summary>
    public const string Inactive = "Inactive";

    /// <summary>Not approved yet.</summary>
    public const string Pending = "Pending";

    /// <summary>Not approved.</summary>
    public const string Rejected = "Rejected";
}
