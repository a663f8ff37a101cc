using System.Globalization;
using System.Text.Json;

namespace Carbon.Realtime.Simulation;

/// <summary>Reads what a command is given. What cannot be read is told with the command's usage; faults of what it runs are not.</summary>
internal static class Arguments
{
    /// <summary>How many: a campaign of nothing would find nothing.</summary>
    public static int Count(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0 ? count : throw new UsageException($"'{text}' is no whole number from 1 on.");

    public static int Seed(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? seed : throw new UsageException($"'{text}' is no seed: a whole number from 0 to {int.MaxValue}.");

    public static T Read<T>(string file, Func<string, T> read)
    {
        try
        {
            return read(File.ReadAllText(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or FormatException or OverflowException or JsonException)
        {
            throw new UsageException($"'{file}' could not be read: {e.Message}", e);
        }
    }
}

/// <summary>A command was given what it cannot do anything with.</summary>
internal sealed class UsageException(string message, Exception? inner = null) : Exception(message, inner);
