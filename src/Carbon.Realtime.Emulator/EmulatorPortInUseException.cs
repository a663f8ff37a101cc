namespace Carbon.Realtime.Emulator;

/// <summary>The emulator cannot listen, because another program has the port.</summary>
public sealed class EmulatorPortInUseException : IOException
{
    internal EmulatorPortInUseException(int port, Exception innerException)
        : base(
            $"Port {port} of 127.0.0.1 is in use by another program. Stop it, or start the emulator on another port; 0 takes a free one.",
            innerException) =>
        Port = port;

    /// <summary>The port.</summary>
    public int Port { get; }
}
