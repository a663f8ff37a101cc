using System.Text.Json;

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
}
