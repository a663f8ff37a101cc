using Carbon.Realtime.Filters;

namespace Carbon.Realtime;

/// <summary>A column that waits for its operator; made by <see cref="RealtimeFilter.Where"/>. Immutable.</summary>
/// <remarks>
/// <para>
/// Every method returns a filter with one condition; combine several with <see cref="RealtimeFilter.And"/>. Arguments convert from text,
/// numbers, booleans, <see cref="Guid"/>, dates and times (see <see cref="FilterValue"/>). All throw <see cref="ArgumentNullException"/>
/// for a value that is <see langword="null"/>, and <see cref="ArgumentException"/> for one that PostgreSQL cannot store as text (U+0000,
/// half a surrogate pair).
/// </para>
/// <para>
/// Servers before 2.112.0 know <c>eq neq lt lte gt gte in</c> only, without negation, and before 2.100.0 one condition per filter
/// (<see cref="RealtimeOptions.SingleFilterCondition"/>).
/// Source: docs/protocol.md, "Filters".
/// </para>
/// </remarks>
public sealed class FilterColumn
{
    private readonly string _name;
    private readonly bool _negated;

    internal FilterColumn(string name, bool negated)
    {
        _name = name;
        _negated = negated;
    }

    /// <summary>The same column with the coming operator negated (<c>not.</c>); a second one undoes the first.</summary>
    /// <remarks>A NULL does not match the negation either, except with <c>Is</c> and <c>IsDistinctFrom</c>.</remarks>
    public FilterColumn Not => new(_name, !_negated);

    /// <summary><c>eq</c>: the column equals the value.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The condition as a filter.</returns>
    public RealtimeFilter Equal(FilterValue value) => Create(FilterOperator.Equal, value);

    /// <summary><c>neq</c>: the column is not NULL and differs from the value.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The condition as a filter.</returns>
    public RealtimeFilter NotEqual(FilterValue value) => Create(FilterOperator.NotEqual, value);

    /// <summary><c>lt</c>: the column lies below the value; texts in the order of the database's collation.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The condition as a filter.</returns>
    public RealtimeFilter LessThan(FilterValue value) => Create(FilterOperator.LessThan, value);

    /// <summary><c>lte</c>: the column lies below the value or equals it.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The condition as a filter.</returns>
    public RealtimeFilter LessThanOrEqual(FilterValue value) => Create(FilterOperator.LessThanOrEqual, value);

    /// <summary><c>gt</c>: the column lies above the value; texts in the order of the database's collation.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The condition as a filter.</returns>
    public RealtimeFilter GreaterThan(FilterValue value) => Create(FilterOperator.GreaterThan, value);

    /// <summary><c>gte</c>: the column lies above the value or equals it.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The condition as a filter.</returns>
    public RealtimeFilter GreaterThanOrEqual(FilterValue value) => Create(FilterOperator.GreaterThanOrEqual, value);

    /// <summary><c>in</c>: the column equals one of the values.</summary>
    /// <param name="values">
    /// One to 10 000 different values; repeated ones count once. The server takes 100: with more the condition is not sent, its rows come
    /// unfiltered by it and are judged by the client, where that is exact (see <see cref="RealtimeTable{TKey, TRow}.Where(RealtimeFilter)"/>).
    /// </param>
    /// <returns>The condition as a filter.</returns>
    /// <exception cref="ArgumentException">There is no value, or there are more than 10 000 different ones.</exception>
    public RealtimeFilter In(params IEnumerable<FilterValue> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Create(FilterOperator.In, [.. values]);
    }

    /// <inheritdoc cref="In(IEnumerable{FilterValue})"/>
    public RealtimeFilter In(IEnumerable<string> values) => InEach(values, value => value);

    /// <inheritdoc cref="In(IEnumerable{FilterValue})"/>
    public RealtimeFilter In(IEnumerable<int> values) => InEach(values, value => value);

    /// <inheritdoc cref="In(IEnumerable{FilterValue})"/>
    public RealtimeFilter In(IEnumerable<long> values) => InEach(values, value => value);

    /// <inheritdoc cref="In(IEnumerable{FilterValue})"/>
    public RealtimeFilter In(IEnumerable<Guid> values) => InEach(values, value => value);

    /// <summary><c>like</c>: all of the text matches the pattern. Text columns only.</summary>
    /// <param name="pattern"><c>%</c> is any run of characters, <c>_</c> any one, <c>\</c> takes the next literally.</param>
    /// <returns>The condition as a filter.</returns>
    /// <exception cref="ArgumentException">
    /// The pattern ends with an open escape: the server accepts that, and PostgreSQL then fails on changes that match up to there.
    /// </exception>
    public RealtimeFilter Like(string pattern) => Create(FilterOperator.Like, pattern);

    /// <summary><c>ilike</c>: as <see cref="Like"/>, ignoring case by the database's rules.</summary>
    /// <param name="pattern">The pattern, as for <see cref="Like"/>.</param>
    /// <returns>The condition as a filter.</returns>
    /// <exception cref="ArgumentException">
    /// The pattern ends with an open escape: the server accepts that, and PostgreSQL then fails on changes that match up to there.
    /// </exception>
    public RealtimeFilter ILike(string pattern) => Create(FilterOperator.ILike, pattern);

    /// <summary><c>match</c>: a part of the text matches the POSIX regular expression. Text columns only.</summary>
    /// <param name="pattern">In PostgreSQL's syntax; the server checks it when it subscribes.</param>
    /// <returns>The condition as a filter.</returns>
    public RealtimeFilter Match(string pattern) => Create(FilterOperator.Match, pattern);

    /// <summary><c>imatch</c>: as <see cref="Match"/>, ignoring case by the database's rules.</summary>
    /// <param name="pattern">In PostgreSQL's syntax; the server checks it when it subscribes.</param>
    /// <returns>The condition as a filter.</returns>
    public RealtimeFilter IMatch(string pattern) => Create(FilterOperator.IMatch, pattern);

    /// <summary><c>is</c>: the column is NULL, or a boolean is true, false or unknown. Its negation matches all other rows.</summary>
    /// <param name="value">What to test for; all but <see cref="FilterIs.Null"/> on boolean columns only.</param>
    /// <returns>The condition as a filter.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="value"/> is not a member of the enumeration.</exception>
    public RealtimeFilter Is(FilterIs value) => Create(FilterOperator.Is, value switch
    {
        FilterIs.Null => "null",
        FilterIs.True => "true",
        FilterIs.False => "false",
        FilterIs.Unknown => "unknown",
        _ => throw new ArgumentOutOfRangeException(nameof(value), value, "Not a member of FilterIs."),
    });

    /// <summary><c>is.null</c>: the column is NULL; with <see cref="Not"/>, that it has a value.</summary>
    /// <returns>The condition as a filter.</returns>
    public RealtimeFilter IsNull() => Is(FilterIs.Null);

    /// <summary><c>isdistinct</c>: the column is NULL or differs from the value; with <see cref="Not"/>, it equals the value.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The condition as a filter.</returns>
    public RealtimeFilter IsDistinctFrom(FilterValue value) => Create(FilterOperator.IsDistinct, value);

    private RealtimeFilter InEach<T>(IEnumerable<T> values, Func<T, FilterValue> convert)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Create(FilterOperator.In, [.. values.Select(convert)]);
    }

    private RealtimeFilter Create(FilterOperator op, params ReadOnlySpan<FilterValue> values)
    {
        var texts = new string[values.Length];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = values[i].Text;
        }

        return FilterCondition.TryCreate(_name, _negated, op, texts, out var condition, out var error)
            ? new RealtimeFilter([condition])
            : throw new ArgumentException($"Cannot filter the column '{_name}': {error}.");
    }
}
