using System.Collections;
using System.Diagnostics;
using System.Reflection;
using Carbon.Realtime.Tests.Observability;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Tests.Security;

/// <summary>
/// Hears everything of a client that could be read elsewhere: the log at all levels, with its values and scopes, metrics and activities with all their tags, exceptions
/// with all that they hold, and what public objects say of themselves.
/// </summary>
internal sealed class Eavesdropper : ILoggerFactory
{
    private readonly Dictionary<string, (string Secret, string[] Allowed)> _planted = [];
    private readonly List<string> _heard = [];
    private readonly ActivityListener _activities;

    public Eavesdropper(string manager)
    {
        _activities = new ActivityListener
        {
            // Ours and any other's beneath it, such as the network's own.
            ShouldListenTo = static _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) => IsOurs(options.Tags, manager) || Activity.Current?.RootTags(manager) == true
                ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = activity =>
            {
                if (activity.RootTags(manager))
                {
                    Hear(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(_activities);
    }

    public RecordingMeters Meters { get; } = new();

    public int Lines { get; private set; }

    public int Activities { get; private set; }

    public int Errors { get; private set; }

    /// <summary>Remembers a text that nobody may hear.</summary>
    /// <param name="what">What it is called in a failure.</param>
    /// <param name="secret">The text.</param>
    /// <param name="allowed">Where it may be told all the same: objects that are the program's own.</param>
    public string Plant(string what, string secret, params string[] allowed)
    {
        _planted[what] = (secret, allowed);
        return secret;
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Hear(Exception? exception, string where = "exception")
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            Errors++;
            Add(where, e.ToString());
            foreach (DictionaryEntry entry in e.Data)
            {
                Add(where, $"{entry.Key}={entry.Value}");
            }

            foreach (var property in e.GetType().GetProperties().Where(static p => p.GetIndexParameters().Length == 0 && p.Name is not (nameof(Exception.TargetSite) or nameof(Exception.InnerException))))
            {
                Add($"{where}.{property.Name}", $"{property.GetValue(e)}");
            }

            foreach (var inner in (e as AggregateException)?.InnerExceptions.Skip(1) ?? [])
            {
                Hear(inner, where);
            }
        }
    }

    /// <summary>What a public object says of itself and, if it is of the library, what those say that hang on it.</summary>
    public void Hear(object? thing, string where, int depth = 3)
    {
        if (thing is null or string)
        {
            return;
        }

        if (thing is Exception exception)
        {
            Hear(exception, where);
            return;
        }

        Add($"{where}.ToString", thing.ToString() ?? "");
        if (depth == 0 || thing.GetType().Assembly != typeof(RealtimeOptions).Assembly)
        {
            return;
        }

        foreach (var property in thing.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(static p => p.GetIndexParameters().Length == 0))
        {
            Hear(property.GetValue(thing), $"{where}.{property.Name}", depth - 1);
        }
    }

    /// <summary>Nothing that was planted was heard; and something was heard at all.</summary>
    public void AssertSilent(string when)
    {
        foreach (var measured in Meters.Everything())
        {
            Add("metric", $"{measured.Instrument} {measured.Attributes}");
        }

        foreach (var instrument in Meters.Instruments)
        {
            Add("instrument", $"{instrument.Name} {instrument.Description} {string.Join(' ', instrument.Tags ?? [])} {string.Join(' ', instrument.Meter.Tags ?? [])} {instrument.Meter.Name}");
        }

        _activities.Dispose();
        _planted.Should().NotBeEmpty();
        List<string> leaks;
        lock (_heard)
        {
            leaks = [.. from planted in _planted from heard in _heard where heard.Contains(planted.Value.Secret, StringComparison.OrdinalIgnoreCase) && !planted.Value.Allowed.Any(heard.StartsWith) select $"{planted.Key} in {heard}"];
        }

        leaks.Should().BeEmpty(when);
        Lines.Should().BeGreaterThan(5, when);
    }

    private static bool IsOurs(IEnumerable<KeyValuePair<string, object?>>? tags, string manager) => tags?.Contains(new("carbon.realtime.manager", manager)) == true;

    private void Hear(Activity activity)
    {
        Activities++;
        Add("activity", $"{activity.OperationName} {activity.DisplayName} {activity.StatusDescription} {activity.TraceStateString} {activity.Source.Name}");
        foreach (var tag in activity.TagObjects.Concat(activity.Links.SelectMany(static l => l.Tags ?? [])).Concat(activity.Events.SelectMany(static e => e.Tags))
            .Concat(activity.Source.Tags ?? []).Concat(activity.Baggage.Select(static b => new KeyValuePair<string, object?>(b.Key, b.Value))))
        {
            Add("activity", $"{activity.OperationName} {tag.Key}={tag.Value}");
        }

        foreach (var happened in activity.Events)
        {
            Add("activity", $"{activity.OperationName} {happened.Name}");
        }
    }

    private void Add(string where, string text)
    {
        lock (_heard)
        {
            _heard.Add($"{where}: {text}");
        }
    }

    public void Dispose()
    {
        _activities.Dispose();
        Meters.Dispose();
    }

    private sealed class Logger(Eavesdropper owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            Hear("scope", state);
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            owner.Lines++;
            owner.Add("log", $"{logLevel} {category}[{eventId}] {formatter(state, exception)}");
            Hear("log value", state);
            owner.Hear(exception, "logged exception");
        }

        private void Hear<TState>(string where, TState state)
        {
            owner.Add(where, $"{state}");
            foreach (var (key, value) in state as IEnumerable<KeyValuePair<string, object?>> ?? [])
            {
                owner.Add(where, $"{key}={(value is IEnumerable many and not string ? string.Join(' ', many.Cast<object?>()) : value)}");
                owner.Hear(value as Exception, where);
            }
        }
    }
}

internal static class Ancestry
{
    /// <summary>Whether an activity, or one above it, is the manager's.</summary>
    public static bool RootTags(this Activity activity, string manager)
    {
        for (Activity? a = activity; a is not null; a = a.Parent)
        {
            if (a.GetTagItem("carbon.realtime.manager") as string == manager)
            {
                return true;
            }
        }

        return false;
    }
}
