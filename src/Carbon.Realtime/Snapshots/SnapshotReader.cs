using Carbon.Realtime.Authentication;
using Carbon.Realtime.Tables;

namespace Carbon.Realtime.Snapshots;

/// <summary>Reads a table's rows, all of them or those of given keys, as one tenant and one user sees them. One read at a time.</summary>
/// <remarks>
/// <para>
/// Called from loops on the environment's scheduler, where its callbacks run too. A page is handed over whole and once; what failed halfway
/// was never there.
/// </para>
/// <para>
/// Pages are of different instants: a row may be inserted before the place that was reached, or change its key and be seen twice or never. Whoever
/// wants to converge listens to changes meanwhile.
/// </para>
/// </remarks>
internal sealed class SnapshotReader<TKey, TRow>
    where TKey : notnull
{
    private readonly RestSession _session;
    private readonly string _table;
    private readonly string _schema;
    private readonly TableDefinition<TKey, TRow> _definition;
    private readonly RowQuery _query;
    private readonly PageReader<TKey, TRow> _pages;
    private readonly PageSize _size;

    /// <param name="session">Whose reads.</param>
    /// <param name="table">The table with its filter.</param>
    /// <param name="tenant">The tenant; not looked at where the table is not tenant-scoped.</param>
    /// <exception cref="ArgumentException">The filter is longer than an address may be.</exception>
    /// <exception cref="InvalidOperationException">The table is tenant-scoped and no tenant is given.</exception>
    public SnapshotReader(RestSession session, RealtimeTable<TKey, TRow> table, string? tenant)
    {
        var tenantColumn = table.IsAllTenants ? null : table.TenantColumn;
        if (tenantColumn is not null && tenant is null)
        {
            throw new InvalidOperationException($"Table {table.Schema}.{table.Name} is tenant-scoped and no tenant is known.");
        }

        var scope = tenantColumn is null ? RealtimeFilter.None : RealtimeFilter.Where(tenantColumn).Equal(tenant!);
        _session = session;
        _table = $"{table.Schema}.{table.Name}";
        _schema = table.Schema;
        _definition = table.Definition;

        // Tenant and key first, where they are found at once in each row. No columns are mapped where rows stay raw: then all.
        string[] columns = _definition.Columns.Count == 0 ? []
            : [.. (string[])(tenantColumn is null ? [] : [tenantColumn]), .. _definition.Key.Columns, .. _definition.Columns.Select(static c => c.Name)];
        _query = new RowQuery(
            session.Root, table.Name, [.. columns.Distinct(StringComparer.Ordinal)], _definition.Key.Columns, scope.And(table.Filter).ToPostgrest());
        _pages = new PageReader<TKey, TRow>(_table, _definition, tenantColumn, scope, session.Limits, session.Logger);
        _size = new PageSize(session.Limits);
    }

    /// <summary>Whom every read must be made for; whoever is signed in when it begins, where that is not said.</summary>
    public (bool IsKnown, JwtIdentity? Identity) User { get; init; }

    /// <summary>Reads everything, page by page, until a page is empty: one with fewer rows than asked for proves nothing.</summary>
    /// <param name="count">Whether the first page tells how many rows there are in all, which costs the database a count.</param>
    /// <param name="onPage">Given each page with rows.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RealtimeException">It failed for good, or too often. Pages already given are as true as they were.</exception>
    public async Task<ScanResult> ScanAsync(bool count, Action<SnapshotPage<TKey, TRow>> onPage, CancellationToken cancellationToken)
    {
        var user = NewUser();
        byte[][]? after = null;
        long rows = 0;
        long? total = null;
        _size.Begin();
        for (var pages = 0; ; pages++)
        {
            var behind = after;
            var counting = count && pages == 0;
            var texts = behind?.Take(_definition.Key.Columns.Count).Select(static part => KeyText.Of(part)).ToArray();
            var asked = 0;
            var page = await GetAsync(
                () => _query.Page(asked = _size.Current, texts), counting, behind, _size.TryShrink, user, cancellationToken);
            if (page.Answered == 0)
            {
                return new ScanResult(rows, pages);
            }

            _size.OnPage(asked, page.Answered);
            total ??= page.Total;
            rows += page.Answered;
            page.RowsSoFar = rows;
            page.Total = total;
            after = page.Last ?? throw new RealtimeException(RealtimeErrorReason.TableMisconfigured,
                $"Rows of {_table} have no key to go on from: '{string.Join("', '", _definition.Key.Columns)}' is null or not sent.", isTransient: false);
            onPage(page);
        }
    }

    /// <summary>Reads the rows of given keys, in batches.</summary>
    /// <param name="keys">Each once.</param>
    /// <param name="onRead">Given each batch.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RealtimeException">As for <see cref="ScanAsync"/>.</exception>
    public async Task ReadAsync(IReadOnlyList<TKey> keys, Action<PointRead<TKey, TRow>> onRead, CancellationToken cancellationToken)
    {
        var user = NewUser();
        var texts = keys.Select(_definition.Key.Encode).ToList();
        foreach (var batch in _query.PointBatches(texts).ToList())
        {
            var (start, length) = batch.GetOffsetAndLength(keys.Count);
            await ReadBatchAsync([.. keys.Skip(start).Take(length)], texts.GetRange(start, length), onRead, user, cancellationToken);
        }
    }

    /// <summary>Asks until each key has a row or is known to have none: the server's own limit of rows cuts this answer too, without a word.</summary>
    private async Task ReadBatchAsync(
        List<TKey> keys, List<string[]> texts, Action<PointRead<TKey, TRow>> onRead, ReadUser user, CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await GetAsync(() => _query.Points(texts), count: true, after: null, static () => false, user, cancellationToken);
            var seen = page.Rows.Select(static r => r.Key).Concat(page.Unreadable.Where(static r => r.HasKey).Select(static r => r.Key!)).ToHashSet();
            var missing = Enumerable.Range(0, keys.Count).Where(i => !seen.Contains(keys[i])).ToList();
            List<TKey> missingKeys = [.. missing.Select(i => keys[i])];
            page.RowsSoFar = page.Answered;

            // Where the total is not said (a gateway dropped the header), only an answer without rows says that there are none.
            var isAll = missing.Count == 0 || page.Answered == 0 || page.Answered == page.Total;
            var isKeyless = page.Foreign > 0 || page.Unreadable.Any(static r => !r.HasKey);
            if (isAll || isKeyless || missing.Count == keys.Count)
            {
                onRead(new PointRead<TKey, TRow>(page, isAll && !isKeyless ? missingKeys : [], isAll && !isKeyless ? [] : missingKeys));
                return;
            }

            onRead(new PointRead<TKey, TRow>(page, [], []));
            keys = missingKeys;
            texts = [.. missing.Select(i => texts[i])];
        }
    }

    private ReadUser NewUser() => new() { IsKnown = User.IsKnown, Identity = User.Identity };

    private Task<SnapshotPage<TKey, TRow>> GetAsync(
        Func<Uri> address, bool count, byte[][]? after, Func<bool> tryShrink, ReadUser user, CancellationToken cancellationToken) =>
        _session.GetAsync(
            _table, token => _session.Request(address(), _schema, token, count), (response, ct) => _pages.ReadAsync(response, after, ct), tryShrink, user,
            cancellationToken);
}
