using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Carbon.Realtime.Filters;

namespace Carbon.Realtime;

/// <summary>Which rows of a table a subscription or a read is about: conditions on columns, all of which must hold.</summary>
/// <remarks>
/// <para>
/// Immutable and thread-safe. Written as the server's text, <c>status=eq.released,qty=gt.0</c>, or built:
/// <c>RealtimeFilter.Where("status").Equal("released").And(RealtimeFilter.Where("qty").GreaterThan(0))</c>. Both give equal filters.
/// There is no OR: use <c>in</c>, or one subscription for each alternative.
/// </para>
/// <para>
/// The server judges an update by the new row alone: a row that leaves the filter gives no event. It judges a delete by the replica
/// identity: a filter on another column than the key then needs <c>REPLICA IDENTITY FULL</c>. Comparisons with NULL never match, negated
/// or not.
/// </para>
/// <para>Source: docs/protocol.md, "Filters"; the grammar is that of the server's <c>subscriptions.ex</c>.</para>
/// </remarks>
public sealed class RealtimeFilter : IEquatable<RealtimeFilter>
{
    private readonly string _text;

    internal RealtimeFilter(ImmutableArray<FilterCondition> conditions)
    {
        Conditions = conditions;
        _text = string.Join(',', conditions.Select(condition => condition.Text));
    }

    /// <summary>No condition: every row.</summary>
    public static RealtimeFilter None { get; } = new([]);

    /// <summary>Whether it has no condition, so that every row satisfies it.</summary>
    public bool IsEmpty => Conditions.IsEmpty;

    /// <summary>In the order given, each once.</summary>
    internal ImmutableArray<FilterCondition> Conditions { get; }

    /// <summary>Begins a condition on one column.</summary>
    /// <param name="column">
    /// The column's name in the database, case-sensitive, not quoted. Most names work; the server's grammar cannot express one with
    /// <c>=</c>, with a comma or an unpaired parenthesis, or with blanks at its ends.
    /// </param>
    /// <returns>The column, waiting for its operator.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="column"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The name is blank, or cannot be expressed.</exception>
    public static FilterColumn Where(string column)
    {
        ArgumentNullException.ThrowIfNull(column);
        return FilterCondition.CheckColumn(column) is { } error
            ? throw new ArgumentException($"Cannot filter: {error}.", nameof(column))
            : new FilterColumn(column, negated: false);
    }

    /// <summary>Reads a filter as the server would: <c>column=[not.]operator.value</c>, separated by commas.</summary>
    /// <param name="text">
    /// Operators: <c>eq neq lt lte gt gte in like ilike is match imatch isdistinct</c>. A value that contains <c>, ( ) " \</c> goes in
    /// double quotes, with <c>\</c> before <c>"</c> and <c>\</c>. <c>in</c> takes <c>(a,b)</c>, at most 10 000 different values.
    /// Wildcards of <c>like</c> are <c>%</c> and <c>_</c>; <c>*</c> is an ordinary character.
    /// </param>
    /// <returns>The filter; its <see cref="ToString"/> is the same filter with canonical quoting.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is <see langword="null"/>.</exception>
    /// <exception cref="FormatException">
    /// The text is blank, the server would refuse it, or would take it for something that nobody means. The message says where and what
    /// to write.
    /// </exception>
    public static RealtimeFilter Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var filter, out var error) ? filter : throw new FormatException(error);
    }

    /// <summary>Reads a filter as <see cref="Parse"/> does, without throwing.</summary>
    /// <param name="text">The filter's text.</param>
    /// <param name="filter">The filter, or <see langword="null"/> if there is an error.</param>
    /// <param name="error">What is wrong, where, and what to write instead; or <see langword="null"/>.</param>
    /// <returns>Whether it could be read.</returns>
    public static bool TryParse(
        [NotNullWhen(true)] string? text, [NotNullWhen(true)] out RealtimeFilter? filter, [NotNullWhen(false)] out string? error)
    {
        filter = FilterParser.TryParse(text ?? "", out var conditions, out error) ? None.With(conditions) : null;
        return filter is not null;
    }

    /// <summary>Both this filter and another.</summary>
    /// <param name="other">The conditions to add; one that is here already is not repeated.</param>
    /// <returns>A filter with the conditions of this one, then those of <paramref name="other"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="other"/> is <see langword="null"/>.</exception>
    public RealtimeFilter And(RealtimeFilter other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return IsEmpty ? other : other.IsEmpty ? this : With(other.Conditions);
    }

    /// <summary>The filter as query parameters of PostgREST, name and value, not yet percent-encoded.</summary>
    internal ImmutableArray<KeyValuePair<string, string>> ToPostgrest() => PostgrestSyntax.Render(Conditions);

    /// <summary>Equal conditions in equal order.</summary>
    /// <param name="other">The filter to compare with.</param>
    /// <returns>Whether both are written alike.</returns>
    public bool Equals([NotNullWhen(true)] RealtimeFilter? other) => other is not null && _text == other._text;

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => Equals(obj as RealtimeFilter);

    /// <inheritdoc/>
    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The filter as it is sent to the server, quoted only where needed; empty for <see cref="None"/>.</summary>
    /// <returns>A text that <see cref="Parse"/> reads back as an equal filter, unless it is empty.</returns>
    public override string ToString() => _text;

    /// <summary>Whether both filters have equal conditions in equal order.</summary>
    /// <param name="left">One filter.</param>
    /// <param name="right">The other filter.</param>
    /// <returns>Whether they are equal.</returns>
    public static bool operator ==(RealtimeFilter? left, RealtimeFilter? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Whether the filters differ in a condition or in the order of conditions.</summary>
    /// <param name="left">One filter.</param>
    /// <param name="right">The other filter.</param>
    /// <returns>Whether they differ.</returns>
    public static bool operator !=(RealtimeFilter? left, RealtimeFilter? right) => !(left == right);

    private RealtimeFilter With(ImmutableArray<FilterCondition> more) =>
        new([.. Conditions.Concat(more).DistinctBy(condition => condition.Text, StringComparer.Ordinal)]);
}
