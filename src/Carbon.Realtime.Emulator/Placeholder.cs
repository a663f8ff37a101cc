namespace Carbon.Realtime.Emulator;

internal static class Placeholder;
