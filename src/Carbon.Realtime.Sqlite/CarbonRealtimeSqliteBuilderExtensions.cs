using Carbon.Realtime;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers a local cache in SQLite.</summary>
public static class CarbonRealtimeSqliteBuilderExtensions
{
    /// <summary>The stores of this manager keep what they hold in a SQLite file.</summary>
    /// <param name="builder">Of the manager.</param>
    /// <param name="path">The file; a relative one is of the current directory. Made when the first store saves, folders too.</param>
    /// <returns>The builder.</returns>
    /// <remarks>
    /// One file serves any number of users, tenants and tables, and may serve several managers and processes. Give it a folder that belongs to
    /// the user who runs the program, such as <see cref="Environment.SpecialFolder.LocalApplicationData"/>. Rows are not encrypted.
    /// </remarks>
    public static ICarbonRealtimeBuilder UseSqliteCache(this ICarbonRealtimeBuilder builder, string path) =>
        builder.UseSqliteCache(path, static _ => { });

    /// <inheritdoc cref="UseSqliteCache(ICarbonRealtimeBuilder, string)"/>
    /// <param name="builder">Of the manager.</param>
    /// <param name="path">The file.</param>
    /// <param name="configure">Sets the options, at once.</param>
    /// <exception cref="ArgumentException">An option is out of its bounds; the message names it.</exception>
    public static ICarbonRealtimeBuilder UseSqliteCache(this ICarbonRealtimeBuilder builder, string path, Action<SqliteCacheOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(configure);
        var options = new SqliteCacheOptions();
        configure(options);
        options.Validate();
        if (builder.Name is null)
        {
            builder.Services.AddSingleton<IStoreCache>(provider => Create(provider, path, options));
        }
        else
        {
            builder.Services.AddKeyedSingleton<IStoreCache>(builder.Name, (provider, _) => Create(provider, path, options));
        }

        return builder;
    }

    private static SqliteStoreCache Create(IServiceProvider provider, string path, SqliteCacheOptions options) =>
        new(path, options, provider.GetService<TimeProvider>() ?? TimeProvider.System);
}
