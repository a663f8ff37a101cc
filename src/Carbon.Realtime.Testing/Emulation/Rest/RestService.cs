namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>Requests under way: when each is made, when its answer arrives, and what goes wrong with it.</summary>
internal sealed class RestService(EmulatorOptions options, EmulatorAgenda agenda, RestReader reader, RestWriter? writer)
{
    private readonly HashSet<RestExchange> _open = [];
    private readonly List<Action> _held = [];
    private bool _isHolding;
    private bool _isDisposed;

    /// <summary>Guarded by the emulator's lock, as everything here is.</summary>
    public RestFaults Faults { get; } = new();

    /// <summary>While set, reads are made and their answers wait.</summary>
    public bool IsHolding
    {
        get => _isHolding;
        set
        {
            _isHolding = value;
            if (!value)
            {
                _held.ForEach(static deliver => deliver());
                _held.Clear();
            }
        }
    }

    /// <summary>Takes a request. The read is made later, on the agenda, and so is the answer.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, CancellationToken cancellationToken)
    {
        var request = RestRequest.From(message);
        return RestWriter.Writes(request.Method) && message.Content is { } content
            ? WriteAsync(message, request, content, cancellationToken)
            : SendAsync(message, request, cancellationToken);
    }

    /// <summary>As a read, it goes on where its answer completes, without a detour.</summary>
    private async Task<HttpResponseMessage> WriteAsync(HttpRequestMessage message, RestRequest request, HttpContent content, CancellationToken cancellationToken) =>
        await SendAsync(message, request with { Body = await content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false) }, cancellationToken).ConfigureAwait(false);

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, RestRequest request, CancellationToken cancellationToken)
    {
        var exchange = new RestExchange(agenda.Environment.Scheduler, Forget, cancellationToken);
        lock (agenda.Gate)
        {
            if (_isDisposed)
            {
                exchange.Fail(Refused());
                return exchange.Task;
            }

            _open.Add(exchange);
            var fault = RestWriter.Writes(request.Method) ? null : Faults.Take(request.Table);
            agenda.After(agenda.Draw(options.Timing.ReadDelay), () => TryRead(exchange, message, request, fault));
        }

        return exchange.Task;
    }

    /// <summary>Ends what is under way. Call under the lock.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        foreach (var exchange in _open)
        {
            exchange.Fail(Refused());
        }
    }

    private static HttpRequestException Refused() => new(HttpRequestError.ConnectionError, "The emulated server cannot be reached.");

    private void Forget(RestExchange exchange)
    {
        lock (agenda.Gate)
        {
            _open.Remove(exchange);
        }
    }

    private void TryRead(RestExchange exchange, HttpRequestMessage message, RestRequest request, EmulatorReadFault? fault)
    {
        try
        {
            Read(exchange, message, request, fault);
        }
#pragma warning disable CA1031 // Whatever it is belongs to whoever reads: a read that is neither answered nor failed would never end.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Send(exchange, message, Thrown(e, request), fault: null);
        }
    }

    /// <summary>The answer for what the test's own code throws. As an exception of the handler it would look like a network that fails.</summary>
    private RestAnswer Thrown(Exception thrown, RestRequest request)
    {
        agenda.LastFault = thrown;
        return RestAnswer.Of(RestException.Thrown(thrown), request.IsHead);
    }

    private void Read(RestExchange exchange, HttpRequestMessage message, RestRequest request, EmulatorReadFault? fault)
    {
        switch (fault?.Kind)
        {
            case RestFaultKind.NoAnswer:
                return;
            case RestFaultKind.Unreachable:
                exchange.Fail(Refused());
                return;
            default:
                break;
        }

        if (fault?.Replacement is { } replacement)
        {
            Send(exchange, message, replacement, fault);
            return;
        }

        if (writer is not null && RestWriter.Writes(request.Method))
        {
            Send(exchange, message, Tried(request, () => writer.Answer(request)), fault);
            return;
        }

        // What is committed from here on is not in the answer, however late that arrives.
        reader.Answer(request, Math.Min(Faults.MaxRows ?? int.MaxValue, options.MaxRows), answered => Send(exchange, message, Tried(request, answered), fault));
    }

    private RestAnswer Tried(RestRequest request, Func<RestAnswer> answered)
    {
        try
        {
            return answered();
        }
#pragma warning disable CA1031 // A policy or a view, which are the user's code, or a database: it belongs to whoever reads, and not to the scheduler.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return Thrown(e, request);
        }
    }

    private void Send(RestExchange exchange, HttpRequestMessage message, RestAnswer answer, EmulatorReadFault? fault)
    {
        if (_isHolding)
        {
            _held.Add(Deliver);
        }
        else
        {
            agenda.After(agenda.Draw(options.Timing.AnswerDelay), Deliver);
        }

        void Deliver() => exchange.Complete(ToResponse(message, answer, fault));
    }

    private HttpResponseMessage ToResponse(HttpRequestMessage message, RestAnswer answer, EmulatorReadFault? fault)
    {
        if (fault?.Kind is RestFaultKind.SlowBody or RestFaultKind.TruncatedBody)
        {
            var content = new StreamContent(new RestBody(answer.Body, fault, agenda));
            content.Headers.ContentLength = answer.Body.Length;
            return answer.ToResponse(message, content);
        }

        var response = answer.ToResponse(message, new ByteArrayContent(answer.Body));
        if (fault?.ContentType is { } type)
        {
            response.Content.Headers.Remove("Content-Type");
            response.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        return response;
    }
}
