namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>A request that awaits its response.</summary>
/// <remarks>
/// The source runs continuations where it completes, and it completes in a work item of its own, outside the emulator's lock: a source with asynchronous
/// continuations would take whoever awaits without a context (<see cref="HttpClient"/> does) to the thread pool, unseen by a manual scheduler.
/// </remarks>
internal sealed class RestExchange
{
    private readonly WorkScheduler _scheduler;
    private readonly Action<RestExchange> _ended;
    private readonly TaskCompletionSource<HttpResponseMessage> _source = new();
    private readonly CancellationTokenRegistration _registration;

    /// <param name="scheduler">Where it completes.</param>
    /// <param name="ended">Told once it has, outside any lock.</param>
    /// <param name="cancellationToken">The client gave up.</param>
    public RestExchange(WorkScheduler scheduler, Action<RestExchange> ended, CancellationToken cancellationToken)
    {
        _scheduler = scheduler;
        _ended = ended;
        _registration = cancellationToken.UnsafeRegister((_, token) => Finish(() => _source.TrySetCanceled(token)), null);
    }

    public Task<HttpResponseMessage> Task => _source.Task;

    public void Complete(HttpResponseMessage response) => Finish(() =>
    {
        if (!_source.TrySetResult(response))
        {
            // Nobody waits for it any more.
            response.Dispose();
        }
    });

    public void Fail(Exception exception) => Finish(() => _source.TrySetException(exception));

    private void Finish(Action end) => _scheduler.Post(() =>
    {
        _registration.Unregister();
        _ended(this);
        end();
    });
}
