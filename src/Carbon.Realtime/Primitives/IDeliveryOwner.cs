namespace Carbon.Realtime.Primitives;

/// <summary>Whose delivery it is: knows what to say of what was lost, and is told what becomes of it.</summary>
/// <remarks>An interface and no callbacks: there is a delivery for each subscription, and each callback takes 64 bytes for its life.</remarks>
internal interface IDeliveryOwner<T>
{
    /// <summary>What is delivered, once an overflow, in place of all that did not fit. Runs under the buffer's lock.</summary>
    T Overflowed();

    /// <summary>The observer threw; its subscription is disposed, and no other is.</summary>
    void OnObserverThrew(Exception error);

    /// <summary>Told once, by whoever disposes.</summary>
    void OnDisposed(IDelivery<T> delivery);
}
