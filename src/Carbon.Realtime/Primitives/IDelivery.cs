namespace Carbon.Realtime.Primitives;

/// <summary>Brings items to one who wants them, by pushing or by being pulled from. Never runs that one's code inside.</summary>
internal interface IDelivery<T>
{
    /// <summary>Items come.</summary>
    void Post(ReadOnlySpan<T> items);

    /// <summary>Nothing more comes.</summary>
    /// <param name="error">Why, if it was not asked for.</param>
    /// <param name="discard">Whether what waits is not wanted any more.</param>
    void End(Exception? error, bool discard);
}
