using Carbon.Realtime.Convergence;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Stores;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime;

/// <summary>What a manager gives to all its stores.</summary>
/// <param name="Cache">The local cache, if there is one.</param>
/// <param name="Removals">What must go from it; there where that is.</param>
/// <param name="Claims">Who writes into it.</param>
/// <param name="Project">The project's address, which tells caches apart.</param>
/// <param name="Logger">The log.</param>
/// <param name="Instruments">What is measured.</param>
/// <param name="Policy">The algorithm's rules.</param>
internal sealed record StoreDefaults(
    IStoreCache? Cache, Removals? Removals, CacheClaims Claims, string Project, ILogger Logger, RealtimeInstruments Instruments, ConvergencePolicy Policy);
