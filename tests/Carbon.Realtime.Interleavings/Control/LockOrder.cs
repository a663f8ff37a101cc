namespace Carbon.Realtime.Interleavings;

/// <summary>Which locks are asked for while which are held, in all runs so far: pairs that form a circle can lock up in some order, tried or not.</summary>
internal static class LockOrder
{
    [ThreadStatic]
    private static List<Lock>? _held;

    private static readonly HashSet<(string Held, string Asked)> Pairs = [];

    /// <summary>Pairs of locks, by the class that each belongs to.</summary>
    public static IReadOnlyCollection<(string Held, string Asked)> Seen
    {
        get
        {
            Monitor.Enter(Pairs);
            try
            {
                return [.. Pairs];
            }
            finally
            {
                Monitor.Exit(Pairs);
            }
        }
    }

    public static void OnEnter(Lock asked)
    {
        _held ??= [];
        if (_held.Count > 0)
        {
            Monitor.Enter(Pairs);
            try
            {
                foreach (var held in _held)
                {
                    Pairs.Add((held.Name, asked.Name));
                }
            }
            finally
            {
                Monitor.Exit(Pairs);
            }
        }

        _held.Add(asked);
    }

    public static void Forget()
    {
        Monitor.Enter(Pairs);
        Pairs.Clear();
        Monitor.Exit(Pairs);
    }

    public static void OnExit(Lock left) => _held?.Remove(left);

    /// <summary>A way from a lock back to itself; <see langword="null"/> if there is none.</summary>
    public static IReadOnlyList<string>? Circle(IEnumerable<(string Held, string Asked)> pairs)
    {
        var next = pairs.ToLookup(static p => p.Held, static p => p.Asked, StringComparer.Ordinal);
        var done = new HashSet<string>(StringComparer.Ordinal);
        return next.Select(n => From(n.Key, [])).FirstOrDefault(static c => c is not null);

        IReadOnlyList<string>? From(string name, List<string> way)
        {
            if (way.Contains(name))
            {
                return [.. way.SkipWhile(n => n != name), name];
            }

            if (!done.Add(name))
            {
                return null;
            }

            way.Add(name);
            var circle = next[name].Select(n => From(n, way)).FirstOrDefault(static c => c is not null);
            way.RemoveAt(way.Count - 1);
            return circle;
        }
    }
}
