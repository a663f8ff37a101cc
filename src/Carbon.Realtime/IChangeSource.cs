using System.Text.Json;
using Microsoft.Extensions.Primitives;

namespace Carbon.Realtime;

/// <summary>Where change streams come from: a manager, or one tenant's scope of it.</summary>
public interface IChangeSource
{
    /// <summary>The changes of a table. Nothing is connected or joined before somebody subscribes; equal streams share a subscription.</summary>
    /// <exception cref="InvalidOperationException">The table is tenant-scoped and no tenant is known.</exception>
    /// <exception cref="RealtimeException">
    /// <see cref="RealtimeErrorReason.UnsafeFilter"/>: the table's changes have shown that a column it filters on, the tenant's included, is an array. Streams
    /// that were taken before end with the same error.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// <see cref="RealtimeOptions.SingleFilterCondition"/> is set, and the row type shows that the client cannot judge one of the other conditions exactly.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The manager or scope is disposed.</exception>
    IChangeStream<TKey, TRow> Changes<TKey, TRow>(RealtimeTable<TKey, TRow> table)
        where TKey : notnull;

    /// <inheritdoc cref="Changes{TKey, TRow}(RealtimeTable{TKey, TRow})"/>
    /// <param name="table">The table.</param>
    /// <param name="options">How to subscribe.</param>
    IChangeStream<TKey, TRow> Changes<TKey, TRow>(RealtimeTable<TKey, TRow> table, ChangeStreamOptions options)
        where TKey : notnull;

    /// <summary>
    /// The changes of a table by name, as raw JSON, keyed by the column <c>id</c>; for another key use <see cref="RealtimeTable.Untyped"/>.
    /// Tenant-scoped only where <see cref="RealtimeOptions.TenantColumn"/> is set. <see cref="JsonElement"/> keys have no equality of their own:
    /// compare their <c>GetString()</c> or <c>GetRawText()</c>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The table is tenant-scoped and no tenant is known.</exception>
    /// <exception cref="ObjectDisposedException">The manager or scope is disposed.</exception>
    IChangeStream<JsonElement, JsonElement> Changes(string table);

    /// <summary>A table's rows, kept equal to the database. Nothing is connected, read or joined before somebody uses it; equal stores are one object.</summary>
    /// <remarks>Unlike a stream, the store of a tenant-scoped table can be had before a tenant is known: it is empty until then.</remarks>
    /// <exception cref="ObjectDisposedException">The manager or scope is disposed.</exception>
    ILiveStore<TKey, TRow> Store<TKey, TRow>(RealtimeTable<TKey, TRow> table)
        where TKey : notnull;

    /// <inheritdoc cref="Store{TKey, TRow}(RealtimeTable{TKey, TRow})"/>
    /// <param name="table">The table.</param>
    /// <param name="options">How to read and listen; out of its bounds it is an <see cref="ArgumentException"/>.</param>
    ILiveStore<TKey, TRow> Store<TKey, TRow>(RealtimeTable<TKey, TRow> table, StoreOptions<TRow> options)
        where TKey : notnull;

    /// <summary>Says, debounced, that what was read from these tables is stale. Nothing is connected or joined before somebody subscribes; no row is made.</summary>
    /// <remarks>Tables are filtered and tenant-scoped as for <see cref="Changes{TKey, TRow}(RealtimeTable{TKey, TRow})"/>, and throw alike.</remarks>
    /// <param name="tables">Each a <see cref="RealtimeTable{TKey, TRow}"/>; at least one.</param>
    /// <exception cref="ArgumentException">No table, or a filter as for <see cref="Changes{TKey, TRow}(RealtimeTable{TKey, TRow})"/>.</exception>
    /// <exception cref="InvalidOperationException">A table is tenant-scoped and no tenant is known.</exception>
    /// <exception cref="RealtimeException"><see cref="RealtimeErrorReason.UnsafeFilter"/>, as for <see cref="Changes{TKey, TRow}(RealtimeTable{TKey, TRow})"/>.</exception>
    /// <exception cref="ObjectDisposedException">The manager or scope is disposed.</exception>
    IRevalidations Revalidations(params IRealtimeTable[] tables);

    /// <inheritdoc cref="Revalidations(IRealtimeTable[])"/>
    /// <param name="options">When to fire; out of its bounds it is an <see cref="ArgumentException"/>.</param>
    /// <param name="tables">Each a <see cref="RealtimeTable{TKey, TRow}"/>; at least one.</param>
    IRevalidations Revalidations(RevalidationOptions options, params IRealtimeTable[] tables);

    /// <summary>The same by the tables' names: tenant-scoped only where <see cref="RealtimeOptions.TenantColumn"/> is set.</summary>
    /// <inheritdoc cref="Revalidations(IRealtimeTable[])"/>
    /// <param name="tables">The tables' exact names; at least one.</param>
    IRevalidations Revalidations(params string[] tables);

    /// <summary>The tables' next signal as a change token, for <c>IMemoryCache</c> and <c>ChangeToken.OnChange</c>. Take it before you read.</summary>
    /// <remarks>
    /// Unlike a revalidation it watches at once. It fires once: a debounce after a change or possible loss; where changes did not flow yet when it was taken,
    /// once they do; when the tenant changes or the manager or scope is disposed; and after <see cref="RevalidationOptions.Lifetime"/> in any case, also if there
    /// is no connection. Then it holds nothing. Callbacks are called on the thread pool, each by itself; one that is registered after the token
    /// fired is called too.
    /// </remarks>
    /// <inheritdoc cref="Revalidations(IRealtimeTable[])"/>
    IChangeToken ChangeToken(params IRealtimeTable[] tables);

    /// <inheritdoc cref="ChangeToken(IRealtimeTable[])"/>
    /// <param name="options">When to fire; out of its bounds it is an <see cref="ArgumentException"/>.</param>
    /// <param name="tables">Each a <see cref="RealtimeTable{TKey, TRow}"/>; at least one.</param>
    IChangeToken ChangeToken(RevalidationOptions options, params IRealtimeTable[] tables);

    /// <inheritdoc cref="ChangeToken(IRealtimeTable[])"/>
    /// <param name="tables">The tables' exact names; at least one. Tenant-scoped only where <see cref="RealtimeOptions.TenantColumn"/> is set.</param>
    IChangeToken ChangeToken(params string[] tables);
}
