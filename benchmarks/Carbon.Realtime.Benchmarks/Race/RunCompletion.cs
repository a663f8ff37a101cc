namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>How a run ends: with its figures, with what went wrong, or because nothing comes any more.</summary>
/// <param name="total">How many events are to come.</param>
internal sealed class RunCompletion<TFigures>(long total)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource<TFigures> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Succeed(TFigures figures) => _done.TrySetResult(figures);

    public void Fail(string why) => _done.TrySetException(new InvalidOperationException(why));

    /// <summary>The figures, once they are there.</summary>
    /// <param name="counted">How many events came so far.</param>
    /// <exception cref="InvalidOperationException">Events stopped coming, or <see cref="Fail"/> was called.</exception>
    public async Task<TFigures> WaitAsync(Func<long> counted)
    {
        for (var seen = -1L; await Task.WhenAny(_done.Task, Task.Delay(Patience)) != _done.Task;)
        {
            var now = counted();
            if (now == seen) Fail($"No event for {Patience.TotalSeconds} s; {now} of {total} came.");
            seen = now;
        }

        return await _done.Task;
    }
}
