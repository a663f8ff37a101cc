using Carbon.Realtime.Protocol;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime;

/// <summary>What is wrong with options, in sentences that name the option; and the address that right ones give.</summary>
internal static class RealtimeOptionsValidation
{
    /// <summary>All faults at once: nobody wants to find them one by one.</summary>
    public static IReadOnlyList<string> Validate(RealtimeOptions options) => Validate(options, OperatingSystem.IsBrowser());

    /// <param name="options">The options.</param>
    /// <param name="isBrowser">Whether they are for Blazor WebAssembly, where a WebSocket sends no headers.</param>
    public static IReadOnlyList<string> Validate(RealtimeOptions options, bool isBrowser)
    {
        var faults = new List<string>();
        Check(faults, options.RealtimeUrl is null ? nameof(options.Url) : nameof(options.RealtimeUrl), () => Address(options));
        Check(faults, nameof(options.ApiKey), () => RealtimeAddress.RequireUsableKey(options.ApiKey)); // also where Url is wrong, too
        Check(faults, options.RestUrl is not null ? nameof(options.RestUrl) : options.Url is null && options.RealtimeUrl is not null ? nameof(options.RealtimeUrl)
            : nameof(options.Url), () => RestAddress(options));
        Between(faults, nameof(options.ConnectTimeout), options.ConnectTimeout, TimeSpan.FromSeconds(3), TimeSpan.FromMinutes(5));
        Between(faults, nameof(options.JoinTimeout), options.JoinTimeout, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5));
        Between(faults, nameof(options.AccessTokenTimeout), options.AccessTokenTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5));
        Between(faults, nameof(options.HeartbeatInterval), options.HeartbeatInterval, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(55));
        Between(faults, nameof(options.ReconnectDelayMin), options.ReconnectDelayMin, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1));
        Between(faults, nameof(options.ReconnectDelayMax), options.ReconnectDelayMax, options.ReconnectDelayMin, TimeSpan.FromHours(1));
        Between(faults, nameof(options.ReturnSpread), options.ReturnSpread, TimeSpan.Zero, TimeSpan.FromMinutes(10));
        Between(faults, nameof(options.GroupWindow), options.GroupWindow, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Between(faults, nameof(options.Linger), options.Linger, TimeSpan.Zero, TimeSpan.FromHours(1));
        Between(faults, nameof(options.IdleTimeout), options.IdleTimeout, TimeSpan.Zero, TimeSpan.FromHours(1));
        Between(faults, nameof(options.MaxChannels), options.MaxChannels, 1, 99);
        Between(faults, nameof(options.QueueCapacity), options.QueueCapacity, 16, 1_000_000);
        Between(faults, nameof(options.MaxMessageBytes), options.MaxMessageBytes, 64 * 1024, 256 * 1024 * 1024);
        Between(faults, nameof(options.ReadPageRows), options.ReadPageRows, 1, 10_000);
        Between(faults, nameof(options.ReadTimeout), options.ReadTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        Between(faults, nameof(options.ReadRetries), options.ReadRetries, 0, 20);
        if (options.Tenant is { } tenant && string.IsNullOrWhiteSpace(tenant))
        {
            faults.Add("Tenant must not be blank; leave it out until a tenant is known.");
        }

        if (options.TopicPrefix is not { Length: > 0 and <= 64 } prefix || !prefix.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or ':'))
        {
            faults.Add($"TopicPrefix must be 1 to 64 letters, digits, '-', '_' or ':', not '{options.TopicPrefix}'.");
        }

        if (isBrowser && options.ApiKeyPlacement != ApiKeyPlacement.Query)
        {
            faults.Add("ApiKeyPlacement must be Query in a browser: it sends no headers with a WebSocket.");
        }

        if (isBrowser && options.Headers.Count > 0)
        {
            faults.Add("Headers must be empty in a browser: it sends none with a WebSocket.");
        }

        return faults;
    }

    /// <summary>All faults of what was asked of a revalidation or a change token.</summary>
    public static IReadOnlyList<string> Validate(RevalidationOptions options)
    {
        var faults = new List<string>();
        Between(faults, nameof(options.Debounce), options.Debounce, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Between(faults, nameof(options.MaxDelay), options.MaxDelay, options.Debounce, TimeSpan.FromHours(1));
        Between(faults, nameof(options.Lifetime), options.Lifetime, TimeSpan.FromSeconds(1), TimeSpan.FromHours(24));
        return faults;
    }

    /// <summary>All faults of what was asked of a store.</summary>
    public static IReadOnlyList<string> Validate<TRow>(StoreOptions<TRow> options)
    {
        var faults = new List<string>();
        Between(faults, nameof(options.MaxRows), options.MaxRows, 1, 50_000_000);
        if (options.ReconcilePeriod is { } period)
        {
            Between(faults, nameof(options.ReconcilePeriod), period, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(30));
        }

        if (!Enum.IsDefined(options.FilterMode))
        {
            faults.Add("FilterMode must be Client or Server.");
        }

        if (options.Name is { } name && !IsPlainName(name))
        {
            faults.Add("Name must be 1 to 64 letters, digits, '-' or '_', or not set.");
        }

        if (options.SignalTable is { } table && (string.IsNullOrWhiteSpace(table) || table.Contains('*', StringComparison.Ordinal)))
        {
            faults.Add("SignalTable must be a table's exact name, or not set.");
        }

        return faults;
    }

    /// <summary>Whether it can stand in a topic or a log as it is.</summary>
    public static bool IsPlainName(string name) => name.Length is > 0 and <= 64 && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    public static RealtimeSocketAddress Address(RealtimeOptions options) => RealtimeAddress.ForSocket(
        (options.RealtimeUrl ?? options.Url)?.OriginalString ?? "",
        options.ApiKey,
        new FrameWriter(options.ProtocolVersion).Vsn,
        options.ApiKeyPlacement,
        [.. options.Headers],
        options.MaxMessageBytes,
        options.AllowInsecureTransport);

    /// <summary>Where rows are read from.</summary>
    public static Uri RestAddress(RealtimeOptions options) => options.RestUrl is { } root
        ? RealtimeAddress.AsRest(root.OriginalString, options.AllowInsecureTransport)
        : RealtimeAddress.ForRest((options.Url ?? options.RealtimeUrl)?.OriginalString ?? "", options.AllowInsecureTransport);

    private static void Check(List<string> faults, string urlOption, Action action)
    {
        try
        {
            action();
        }
        catch (ArgumentException e)
        {
            // Without the parameter's name, which is the helper's, not the user's.
            var message = e.Message.Split(" (Parameter", 2)[0];
            message = message.StartsWith("Url ", StringComparison.Ordinal) ? urlOption + message[3..] : message;
            if (!faults.Contains(message))
            {
                faults.Add(message);
            }
        }
    }

    private static void Between<T>(List<string> faults, string option, T value, T least, T most)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            faults.Add(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{option} must be between {least} and {most}, not {value}."));
        }
    }
}
