namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>Reads under way: when each is made and when its answer arrives.</summary>
internal sealed class RestService(EmulatorOptions options, EmulatorAgenda agenda, RestReader reader)
{
    /// <summary>Takes a request. The read is made later, on the agenda, and so is the answer.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, CancellationToken cancellationToken)
    {
        var request = RestRequest.From(message);
        var exchange = new RestExchange(agenda.Environment.Scheduler, cancellationToken);
        lock (agenda.Gate)
        {
            agenda.After(agenda.Draw(options.Timing.ReadDelay), () =>
            {
                RestAnswer answer;
                try
                {
                    // What is committed from here on is not in the answer, however late that arrives.
                    answer = reader.Answer(request, options.MaxRows);
                }
#pragma warning disable CA1031 // A policy or a view, which are the user's code: the exception belongs to whoever reads, and not to the scheduler.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    exchange.Fail(e);
                    return;
                }

                agenda.After(agenda.Draw(options.Timing.AnswerDelay), () => exchange.Complete(answer.ToResponse(message, new ByteArrayContent(answer.Body))));
            });
        }

        return exchange.Task;
    }
}
