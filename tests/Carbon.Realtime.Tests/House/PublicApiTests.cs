using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.House.Fixtures.Api;

namespace Carbon.Realtime.Tests.House;

/// <summary>What others can see of the packages changes only where somebody approved it.</summary>
public sealed class PublicApiTests
{
    [Theory]
    [InlineData(typeof(RealtimeException))]
    [InlineData(typeof(ManualEnvironment))]
    public void Public_api_is_the_approved_one(Type one)
    {
        var assembly = one.Assembly;

        ApprovedText.Verify("Carbon.Realtime.Tests", $"PublicApi.{assembly.GetName().Name}.txt", PublicApiText.Render(assembly));
    }

    [Fact]
    public void Types_and_members_are_rendered_as_csharp() =>
        PublicApiText.Render([
            typeof(Colour), typeof(IShape<>), typeof(Shape<,>), typeof(Point), typeof(Ring), typeof(ShapeExtensions), typeof(Changed<>), typeof(Span),
        ]).Should().Be(ExpectedFixtures.ReplaceLineEndings("\n"));

    [Fact]
    public void Differences_show_where_they_are()
    {
        const string approved = "namespace A\n{\n    class B\n    {\n        int X;\n        int Y;\n    }\n    class C\n    {\n        int Z;\n    }\n}\n";

        ApprovedText.Differences(approved, approved.Replace("int Y;", "long Y;", StringComparison.Ordinal))
            .Should().Be("  namespace A\n      class B\n-         int Y;\n+         long Y;\n");
        ApprovedText.Differences(approved, approved).Should().BeEmpty();
    }

    private const string ExpectedFixtures =
        """
        namespace Carbon.Realtime.Tests.House.Fixtures.Api
        {
            public delegate void Changed<in T>(T value) where T : class;
            [Flags]
            public enum Colour : byte
            {
                None = 0,
                Red = 1,
                Blue = 2,
            }
            public interface IShape<out T> : IDisposable where T : notnull
            {
                T Value { get; }
                string? Name { get; }
                static abstract int Count();
                virtual int Corners();
            }
            public readonly record struct Point : IEquatable<Point>
            {
                public Point(int X, int? Y);
                public int X { get; init; }
                public int? Y { get; init; }
            }
            public sealed record Ring : IEquatable<Ring>
            {
                public Ring(string Name);
                public required List<string?> Tags { get; init; }
                public string Name { get; init; }
            }
            public static class ShapeExtensions
            {
                public static int Twice(this int number);
            }
            public abstract class Shape<TKey, TRow> : IShape<TKey> where TKey : struct where TRow : IComparable<TRow>, new()
            {
                protected readonly int Weight;
                public const string Kind = "shape";
                protected Shape();
                public Dictionary<TKey, TRow[]>? Rows { get; protected set; }
                public TKey Value { get; }
                public TRow this[TKey key] { get; }
                public abstract string? Name { get; }
                public event EventHandler<string>? Moved;
                [Obsolete] public static bool TryParse(ReadOnlySpan<char> text, out string? shape);
                protected virtual void OnMoved(in TKey key, ref int count);
                public Task<(int, string?)> RunAsync(Colour colour = Colour.Red, CancellationToken cancellationToken = default, params string[] names);
                public override string ToString();
                public static Shape<TKey, TRow>? op_Addition(Shape<TKey, TRow> left, double right);
                public static int Count();
                public void Dispose();
                public struct Inner
                {
                    public T? Make<T>(int? size = null, string name = "x") where T : class;
                }
            }
            public ref struct Span
            {
            }
        }

        """;
}
