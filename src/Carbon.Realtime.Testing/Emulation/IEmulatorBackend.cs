using Carbon.Realtime.Testing.Emulation.Rest;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>A database that an emulator has instead of tables of its own.</summary>
internal interface IEmulatorBackend : IEmulatorSource, IRestPages;
