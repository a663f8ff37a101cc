namespace Carbon.Realtime.Testing.Emulation;

/// <summary>A connect under way. It completes on the emulator's scheduler, without a continuation of its own that could run elsewhere.</summary>
internal sealed class EmulatorOpening<T>
{
    private readonly TaskCompletionSource<T> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenRegistration _registration;

    public EmulatorOpening(CancellationToken cancellationToken) =>
        _registration = cancellationToken.UnsafeRegister(static (o, t) => ((TaskCompletionSource<T>)o!).TrySetCanceled(t), _source);

    public Task<T> Task => _source.Task;

    public bool Succeed(T result)
    {
        _registration.Unregister();
        return _source.TrySetResult(result);
    }

    public void Fail(Exception exception)
    {
        _registration.Unregister();
        _source.TrySetException(exception);
    }
}
