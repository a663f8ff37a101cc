using System.Text.RegularExpressions;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>What the JSON reader says of a seed, in words of JSON: it speaks of the types that a seed is read into, which are nobody's business.</summary>
internal static partial class SeedWords
{
    public static string Of(Exception exception)
    {
        var said = exception.Message.Split(" Path: ", 2)[0].Split(" LineNumber: ", 2)[0];
        return said.Contains("could not be mapped", StringComparison.Ordinal) ? "there is no member of this name."
            : MissingMembers().Match(said) is { Success: true } missing ? $"the member {missing.Groups[1].Value} is missing."
            : SameKey().Match(said) is { Success: true } twice ? $"the name {twice.Groups[1].Value} stands twice."
            : said.Contains("null", StringComparison.Ordinal) && !said.Contains("literal", StringComparison.Ordinal) ? "there must not be a null."

            // Of a member that a constructor takes, the reader names the type of the object around it.
            : exception.InnerException?.Message.EndsWith("as a string.", StringComparison.Ordinal) == true ? "there must be a text."
            : WrongType().Match(said) is { Success: true } wrong ? $"there must be {Named(wrong.Groups[1].Value)}."
            : said.Contains("of type 'JsonObject'", StringComparison.Ordinal) ? "there must be an object."
            : PlainWords.Of(exception);
    }

    private static string Named(string type) => type switch
    {
        "System.String" => "a text",
        "System.Boolean" => "true or false",
        _ when type.EndsWith("[]", StringComparison.Ordinal) || type.Contains("List`1", StringComparison.Ordinal) => "an array",
        _ => "an object",
    };

    [GeneratedRegex("missing required properties including: (.*?)\\.?$")]
    private static partial Regex MissingMembers();

    [GeneratedRegex(@"same key .*Key: (.*?)(?: \(Parameter.*)?$")]
    private static partial Regex SameKey();

    [GeneratedRegex("could not be converted to (.*?)\\.?$")]
    private static partial Regex WrongType();
}
