namespace Carbon.Realtime;

/// <summary>How a change stream subscribes. Immutable; equal options share a subscription.</summary>
public sealed record ChangeStreamOptions
{
    /// <summary>The defaults.</summary>
    public static ChangeStreamOptions Default { get; } = new();

    /// <summary>
    /// Streams of one group that are subscribed within <see cref="RealtimeOptions.GroupWindow"/> share one channel.
    /// Letters, digits, <c>-</c> and <c>_</c>; default <c>default</c>.
    /// </summary>
    public string Group { get; init; } = "default";

    /// <summary>
    /// Also receive deletes whose old row the server cannot match with the filter, because the table's replica identity carries only the
    /// key. They come from every tenant and are marked unverified (<see cref="Deleted{TKey, TRow}.IsVerified"/>). Default <see langword="false"/>.
    /// </summary>
    public bool KeyOnlyDeletes { get; init; }
}
