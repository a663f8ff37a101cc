// What the renderer of public APIs has to know, in one place.
#pragma warning disable CA1000, CA1003, CA1028, CA1034, CA1051, CA1045, CA1708, CA1711, CA1720, CA1724, CA1815, CA1819, CA1822, CA1052, CA1063, CA1716, CS0067, CA2227, CA1002, CA2225, CA1715

namespace Carbon.Realtime.Tests.House.Fixtures.Api;

public delegate void Changed<in T>(T value)
    where T : class;

[Flags]
public enum Colour : byte
{
    None = 0,
    Red = 1,
    Blue = 2,
}

public interface IShape<out T> : IDisposable
    where T : notnull
{
    T Value { get; }

    string? Name { get; }

    static abstract int Count();

    int Corners() => 0;
}

public abstract class Shape<TKey, TRow> : IShape<TKey>
    where TKey : struct
    where TRow : IComparable<TRow>, new()
{
    public const string Kind = "shape";
    protected readonly int Weight = 1;
    private protected readonly int Hidden = 1;

    protected Shape()
    {
    }

    internal Shape(int weight) => Weight = weight;

    public event EventHandler<string>? Moved;

    public TKey Value => default;

    public abstract string? Name { get; }

    public Dictionary<TKey, TRow?[]>? Rows { get; protected set; }

    public TRow this[TKey key] => new();

    public static Shape<TKey, TRow>? operator +(Shape<TKey, TRow> left, double right) => null;

    public static int Count() => 0;

    [Obsolete("Old.")]
    public static bool TryParse(ReadOnlySpan<char> text, out string? shape)
    {
        shape = null;
        return false;
    }

    public Task<(int Number, string? Text)> RunAsync(
        Colour colour = Colour.Red, CancellationToken cancellationToken = default, params string[] names) =>
        Task.FromResult<(int, string?)>((0, null));

    public void Dispose() => GC.SuppressFinalize(this);

    public override string ToString() => Kind;

    protected virtual void OnMoved(in TKey key, ref int count)
    {
    }

    internal void Invisible()
    {
    }

    public struct Inner
    {
        public T? Make<T>(int? size = null, string name = "x")
            where T : class => null;
    }

    private sealed class Secret;
}

public readonly record struct Point(int X, int? Y);

public sealed record Ring(string Name)
{
    public required List<string?> Tags { get; init; }
}

public static class ShapeExtensions
{
    public static int Twice(this int number) => 2 * number;
}

public ref struct Span;
