using System.Diagnostics;

namespace Carbon.Realtime.Simulation.Model;

/// <summary>Walks through every state of a scenario, nearest first, so that the first fault it meets has a shortest way to it.</summary>
/// <remarks>
/// Wrong is: a state at rest (no step is owed) in which the store differs from the database; a step that breaks what must hold always; and a state
/// from which no rest can be reached, where the store would go on reading for ever.
/// </remarks>
internal sealed class Explorer(Scenario scenario)
{
    private readonly World _world = new(scenario);
    private readonly VisitedStates _visited = new();
    private readonly List<Step> _steps = [];

    /// <summary>Of each state: the one it was first reached from, and by which step.</summary>
    private readonly List<(int From, int Step)> _origins = [];

    /// <summary>Of each state: whether it is at rest, and where the steps to others begin in <see cref="_next"/>.</summary>
    private readonly List<(bool IsAtRest, int First)> _expanded = [];
    private readonly List<int> _next = [];

    /// <param name="most">More states are an error: the scenario is larger than was meant.</param>
    public Exploration Run(int most = 5_000_000)
    {
        var watch = Stopwatch.StartNew();
        var (level, below) = (new StateQueue(), new StateQueue());
        Span<byte> state = stackalloc byte[World.MostBytes];
        Add(state[.._world.Write(state)], (-1, 0), below);
        var depth = -1;
        for (var number = 0; below.Count > 0; depth++)
        {
            (level, below) = (below, level);
            below.Clear();
            for (level.Rewind(); level.TryNext(out var at); number++)
            {
                if (Expand(number, at, below, state) is { } fault)
                {
                    return new Exploration(_visited.Count, _next.Count, fault.Trace.Count, fault.Fault, fault.Trace, watch.Elapsed);
                }

                if (_visited.Count > most)
                {
                    throw new InvalidOperationException($"There are more than {most} states.");
                }
            }
        }

        var restless = FindRestless();
        return restless < 0
            ? new Exploration(_visited.Count, _next.Count, depth, null, [], watch.Elapsed)
            : Restless(depth, restless, watch.Elapsed);
    }

    private (string Fault, List<string> Trace)? Expand(int number, ReadOnlySpan<byte> at, StateQueue below, Span<byte> state)
    {
        _world.Read(at);
        _world.Collect(_steps);
        var isAtRest = !_steps.Exists(static step => step.IsOwed);
        _expanded.Add((isAtRest, _next.Count));
        if (isAtRest && _world.DifferenceAtRest() is { } difference)
        {
            return Tell(difference, number, null);
        }

        var isFresh = true;
        foreach (var step in _steps)
        {
            if (!isFresh)
            {
                _world.Read(at);
            }

            isFresh = false;
            if (_world.Take(step) is { } breach)
            {
                return Tell(breach, number, step);
            }

            _next.Add(Add(state[.._world.Write(state)], (number, step.Code), below));
        }

        return null;
    }

    private int Add(ReadOnlySpan<byte> state, (int From, int Step) origin, StateQueue below)
    {
        var number = _visited.Add(state, out var isNew);
        if (isNew)
        {
            _origins.Add(origin);
            below.Add(state);
        }

        return number;
    }

    /// <summary>The nearest state from which none at rest can be reached; -1 if there is none.</summary>
    private int FindRestless()
    {
        var canRest = new bool[_expanded.Count];
        for (var hasChanged = true; hasChanged;)
        {
            hasChanged = false;
            for (var (number, end) = (_expanded.Count - 1, _next.Count); number >= 0; number--)
            {
                var (isAtRest, first) = _expanded[number];
                for (var i = first; i < end && !canRest[number]; i++)
                {
                    canRest[number] = canRest[_next[i]];
                    hasChanged |= canRest[number];
                }

                hasChanged |= isAtRest && !canRest[number];
                canRest[number] |= isAtRest;
                end = first;
            }
        }

        return Array.IndexOf(canRest, false);
    }

    private Exploration Restless(int depth, int restless, TimeSpan elapsed)
    {
        var (fault, trace) = Tell("it never comes to rest from here", restless, null);
        return new Exploration(_visited.Count, _next.Count, depth, fault, trace, elapsed);
    }

    /// <summary>What is wrong, through what, and the way to it, told by taking it once more.</summary>
    private (string Fault, List<string> Trace) Tell(string wrong, int number, Step? last)
    {
        var (world, steps, lines) = (new World(scenario), StepsTo(number, last), new List<string>());
        foreach (var step in steps)
        {
            lines.Add(world.Tell(step));
            world.Take(step);
        }

        var mishaps = steps.Select(static step => step.Mishap).OfType<string>().ToList();
        return (mishaps.Count == 0 ? wrong : $"{wrong}, after {string.Join(" and ", mishaps)}", lines);
    }

    private List<Step> StepsTo(int number, Step? last)
    {
        List<Step> steps = last is { } step ? [step] : [];
        for (; _origins[number].From >= 0; number = _origins[number].From)
        {
            steps.Add(Step.Of(_origins[number].Step));
        }

        steps.Reverse();
        return steps;
    }

    /// <summary>States one behind the other.</summary>
    private sealed class StateQueue
    {
        private byte[] _bytes = new byte[1 << 12];
        private int _length;
        private int _at;

        public int Count { get; private set; }

        public void Add(ReadOnlySpan<byte> state)
        {
            if (_length + 1 + state.Length > _bytes.Length)
            {
                Array.Resize(ref _bytes, _bytes.Length * 2);
            }

            _bytes[_length] = (byte)state.Length;
            state.CopyTo(_bytes.AsSpan(_length + 1));
            _length += 1 + state.Length;
            Count++;
        }

        public void Rewind() => _at = 0;

        public bool TryNext(out ReadOnlySpan<byte> state)
        {
            if (_at == _length)
            {
                state = default;
                return false;
            }

            state = _bytes.AsSpan(_at + 1, _bytes[_at]);
            _at += 1 + _bytes[_at];
            return true;
        }

        public void Clear() => (_length, Count) = (0, 0);
    }
}
