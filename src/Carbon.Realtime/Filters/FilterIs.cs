namespace Carbon.Realtime;

/// <summary>What the <c>is</c> operator of a filter can test for.</summary>
/// <remarks>The server accepts <see cref="True"/>, <see cref="False"/> and <see cref="Unknown"/> on boolean columns only.</remarks>
public enum FilterIs
{
    /// <summary><c>IS NULL</c>, on a column of any type but an array.</summary>
    Null = 0,

    /// <summary><c>IS TRUE</c>.</summary>
    True,

    /// <summary><c>IS FALSE</c>.</summary>
    False,

    /// <summary><c>IS UNKNOWN</c>: what <c>IS NULL</c> is called for a boolean.</summary>
    Unknown,
}
