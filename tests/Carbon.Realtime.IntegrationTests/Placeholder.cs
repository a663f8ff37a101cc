namespace Carbon.Realtime.IntegrationTests;

internal static class Placeholder;
