using System.Text.Json;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>What an exception says to whoever wrote a document, a request or a row: without the names of .NET's parameters and types.</summary>
internal static class PlainWords
{
    public static string Of(Exception exception) => exception switch
    {
        JsonException json => Of(json),
        ArgumentException { ParamName: { } name } when exception.Message.StartsWith("The value cannot be an empty", StringComparison.Ordinal) => $"'{name}' must not be empty.",
        ArgumentException { ParamName: { } name } => exception.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal),
        _ => exception.Message,
    };

    /// <summary>The parser's words and where it was, counted as people do.</summary>
    private static string Of(JsonException json)
    {
        var said = json.Message.Split(" Path: ", 2)[0].Split(" LineNumber: ", 2)[0];
        return json is { LineNumber: { } line, BytePositionInLine: { } column } ? $"{said.TrimEnd('.')} (line {line + 1}, byte {column + 1})." : said;
    }
}
