using System.Runtime.CompilerServices;
using Carbon.Realtime.Interleavings;

#pragma warning disable IDE0130 // The compiler takes this type for every `lock` of this assembly, because it has the framework's name.
namespace System.Threading;
#pragma warning restore IDE0130

/// <summary>The lock of every class of the library, under the control of whoever runs it.</summary>
internal sealed class Lock([CallerFilePath] string file = "")
{
    private readonly bool _isHarness = file.Contains("Carbon.Realtime.Testing", StringComparison.Ordinal);
    private readonly object _outside = new();
    private object? _owner;
    private int _entries;

    /// <summary>Whose lock it is.</summary>
    public string Name { get; } = Path.GetFileNameWithoutExtension(file);

    public object? Owner => _owner;

    public bool IsHeldByCurrentThread => _owner == Interleaver.Me;

    public Scope EnterScope()
    {
        Enter();
        return new Scope(this);
    }

    public void Exit()
    {
        if (!Interleaver.IsStrand)
        {
            if (--_entries == 0)
            {
                _owner = null;
                LockOrder.OnExit(this);
            }

            Monitor.Exit(_outside);
            return;
        }

        if (_owner != Interleaver.Me)
        {
            throw new SynchronizationLockException($"{Name} is left by {Interleaver.Me}, and is {_owner}'s.");
        }

        if (--_entries == 0)
        {
            _owner = null;
            LockOrder.OnExit(this);
        }
    }

    public void Enter()
    {
        var me = Interleaver.Me;
        if (!Interleaver.IsStrand)
        {
            if (_owner != me)
            {
                Interleaver.AwaitEnd();
                LockOrder.OnEnter(this);
            }

            Monitor.Enter(_outside);
            _owner = me;
        }
        else if (_owner != me)
        {
            // What only the test has is no place to change over at, but may have to be waited for.
            if (!_isHarness)
            {
                Interleaver.Point();
            }

            LockOrder.OnEnter(this);
            if (_owner is not null)
            {
                Interleaver.WaitFor(this);
            }

            _owner = me;
        }

        _entries++;
    }

    public readonly ref struct Scope(Lock owner)
    {
        public void Dispose() => owner?.Exit();
    }
}
