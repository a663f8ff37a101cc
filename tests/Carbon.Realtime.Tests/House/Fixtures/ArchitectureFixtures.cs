// A small house with every kind of wrong reference: what the architecture test's own test is run on. One file, so that it is seen at once.
#pragma warning disable CA1812, CA1822, CA1823, CA1852, CS0169, CS0067, CS0414, CA1051, CA1018, CA1710, IDE0051, IDE0052, IDE0060, CA1032, CA1064

using Carbon.Realtime.Tests.House.Fixtures.SmallHouse.High;

namespace Carbon.Realtime.Tests.House.Fixtures.SmallHouse
{
    internal sealed class Listed
    {
        public static object Make() => new High.Thing();
    }

    public sealed class Unlisted
    {
        public Unlisted() => _ = new High.Thing();
    }
}

namespace Carbon.Realtime.Tests.House.Fixtures.SmallHouse.Attic
{
    internal sealed class Lost;
}

namespace Carbon.Realtime.Tests.House.Fixtures.SmallHouse.High
{
    internal interface IThing;

    internal class Thing : IThing
    {
        public static int Number = 1;

        public Low.Permitted? Permitted { get; set; }

        public static T Same<T>(T value) => value;
    }

    internal sealed class ThingException : Exception;

    [AttributeUsage(AttributeTargets.All)]
    internal sealed class ThingAttribute : Attribute;

    internal delegate void Happened();
}

namespace Carbon.Realtime.Tests.House.Fixtures.SmallHouse.Low
{
    /// <summary>Each has a type of its name below.</summary>
    internal enum WayToUse
    {
        AsBase, AsInterface, AsField, AsGenericArgument, AsParameter, AsReturn, AsProperty, AsEvent, AsConstraint, AsAttribute, AsArray,
        InBody, InLambda, InAsync, InIterator, InLocal, InCatch, InTypeOf, InStaticField, InMethodArgument, InNested, InGenericBody,
    }

    internal sealed class Permitted;

    internal sealed class AsBase : Thing;

    internal sealed class AsInterface : IThing;

    internal sealed class AsField
    {
        private readonly Thing? _thing;
    }

    internal sealed class AsGenericArgument
    {
        private readonly List<Dictionary<string, Thing[]>>? _things;
    }

    internal abstract class AsParameter
    {
        public abstract void Take(ref Thing thing);
    }

    internal interface AsReturn
    {
        Thing Give();
    }

    internal sealed class AsProperty
    {
        public Thing? Thing { get; init; }
    }

    internal sealed class AsEvent
    {
        public event Happened? Happened;
    }

    internal sealed class AsConstraint<T>
        where T : IThing;

    [Thing]
    internal sealed class AsAttribute;

    internal sealed class AsArray
    {
        public object Make() => new Thing[1, 2];
    }

    internal sealed class InBody
    {
        public object Make(int way) => way switch { 0 => "none", 1 => 1.5, 2 => long.MaxValue, 3 => new Thing(), _ => new object() };
    }

    internal sealed class InLambda
    {
        public Func<object> Make() => () => new Thing();
    }

    internal sealed class InAsync
    {
        public async Task<object> MakeAsync()
        {
            await Task.Yield();
            return new Thing();
        }
    }

    internal sealed class InIterator
    {
        public IEnumerable<object> Make()
        {
            yield return new Thing();
        }
    }

    internal sealed class InLocal
    {
        public bool Is(object o) => o is Thing thing && thing.GetHashCode() == 0;
    }

    internal sealed class InCatch
    {
        public void Try()
        {
            try
            {
                GC.KeepAlive(this);
            }
            catch (ThingException)
            {
                GC.KeepAlive(this);
            }
        }
    }

    internal sealed class InTypeOf
    {
        public Type Type => typeof(List<Thing>);
    }

    internal sealed class InStaticField
    {
        public int Read() => Thing.Number;
    }

    internal sealed class InMethodArgument
    {
        public object? Make() => Activator.CreateInstance<Thing>();
    }

    internal sealed class InNested
    {
        private sealed class Inner
        {
            private readonly Thing? _thing;
        }
    }

    internal sealed class InGenericBody<T>
    {
        public T Make(T value) => Thing.Same(value);
    }
}
