namespace Carbon.Realtime.Testing.Emulation;

/// <summary>A row of <c>realtime.subscription</c>: one binding of one channel on one table, with the claims it was made with.</summary>
internal sealed record EmulatorSubscription(
    EmulatorBinding Binding, EmulatorTable Table, IReadOnlyList<CompiledFilter> Filters, IReadOnlySet<int>? Selected, EmulatorClaims Claims)
{
    /// <summary>Makes the subscriptions of a channel: of all its bindings, or of none (docs/protocol.md, "System messages").</summary>
    /// <param name="tables">The tables that there are.</param>
    /// <param name="bindings">The bindings of the channel.</param>
    /// <param name="claims">Of the channel's token.</param>
    /// <param name="roles">The roles that exist.</param>
    /// <param name="compile">Checks a condition of a filter for a role.</param>
    /// <param name="error">The text of the <c>system</c> error.</param>
    public static IReadOnlyList<EmulatorSubscription> Create(
        IReadOnlyList<EmulatorTable> tables, IReadOnlyList<EmulatorBinding> bindings, EmulatorClaims claims, IReadOnlyList<string> roles,
        Func<EmulatorTable, FilterCondition, string, CompiledFilter> compile, out string? error)
    {
        // The server parses all entries before it asks the database for any.
        error = bindings.Select(static b => b.Error).FirstOrDefault(static e => e is not null);
        if (error is not null)
        {
            return [];
        }

        var created = new List<EmulatorSubscription>();
        foreach (var binding in bindings)
        {
            var matching = tables.Where(t => t.IsPublished && !t.IsPartitioned && Covers(binding, t)).ToArray();
            if (matching.Length == 0)
            {
                error = NotPublished(binding);
                return [];
            }

            try
            {
                created.AddRange(matching.Select(t => Create(binding, t, claims, roles, compile)));
            }
            catch (SubscriptionRefusedException e)
            {
                error = Failed(binding, e.Message);
                return [];
            }
        }

        return created;
    }

    /// <summary>What the server says where no published table fits a binding.</summary>
    public static string NotPublished(EmulatorBinding binding) =>
        $"Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: {binding}";

    /// <summary>What the server says where the database refuses a binding.</summary>
    /// <param name="binding">The binding.</param>
    /// <param name="error">The database's code, its name and its words.</param>
    public static string Failed(EmulatorBinding binding, string error) =>
        $"Unable to subscribe to changes with given parameters. An exception happened so please check your connect parameters: {binding}. Exception: ERROR {error}";

    /// <summary>
    /// Whether a filter of this subscription stands on an array column: accepted, and then the server's poll breaks on it
    /// (docs/protocol.md, "Thirty facts", fact 8).
    /// </summary>
    public bool BreaksPoll(EmulatorTable table) => Table.IsSame(table) && Filters.Any(static f => f.Type.Kind == PgKind.Array);

    /// <summary>Whether the names of a binding, which are patterns, mean a table.</summary>
    public static bool Covers(EmulatorBinding binding, EmulatorTable table) =>
        Matches(table.Schema, binding.Schema) && Matches(table.Name, binding.Table);

    private static EmulatorSubscription Create(
        EmulatorBinding binding, EmulatorTable table, EmulatorClaims claims, IReadOnlyList<string> roles,
        Func<EmulatorTable, FilterCondition, string, CompiledFilter> compile)
    {
        if (!roles.Contains(claims.Role, StringComparer.Ordinal))
        {
            throw new SubscriptionRefusedException($"42704 (undefined_object) role \"{claims.Role}\" does not exist");
        }

        var filters = binding.Filters.Select(f => compile(table, f, claims.Role)).ToArray();
        HashSet<int>? selected = null;
        foreach (var column in binding.Select ?? [])
        {
            if (!table.TryGetIndex(column, out var index) || !table.MaySelect(claims.Role, index))
            {
                throw SubscriptionRefusedException.Raised($"invalid column for select {column}");
            }

            selected ??= [.. table.KeyColumns];
            selected.Add(index);
        }

        return new EmulatorSubscription(binding, table, filters, selected, claims);
    }

    private static bool Matches(string name, string pattern) => pattern == "*" || LikePattern.IsMatch(name, pattern);
}
