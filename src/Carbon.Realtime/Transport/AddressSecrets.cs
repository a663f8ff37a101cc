namespace Carbon.Realtime.Transport;

/// <summary>Removes from a foreign text whatever of an address could be a secret: gateways like to quote the request in their error pages.</summary>
internal static class AddressSecrets
{
    // Shorter values (a version, a log level) are no secrets, and would punch holes into ordinary words.
    private const int ShortestSecret = 8;

    /// <summary>The text with every value of the address's query and headers replaced.</summary>
    /// <param name="text">What the server said.</param>
    /// <param name="cut">Whether the text was cut off: then it may end inside a secret, where that cannot be recognised.</param>
    /// <param name="address">Whose secrets.</param>
    public static string Redact(string text, bool cut, RealtimeSocketAddress address)
    {
        var longest = 0;
        foreach (var secret in Values(address))
        {
            text = text.Replace(secret, "***", StringComparison.OrdinalIgnoreCase);
            longest = Math.Max(longest, secret.Length);
        }

        return cut ? text[..Math.Max(0, text.Length - longest)] : text;
    }

    private static IOrderedEnumerable<string> Values(RealtimeSocketAddress address)
    {
        var escaped = address.Uri.Query.TrimStart('?').Split('&').Select(static parameter => parameter[(parameter.IndexOf('=') + 1)..]);
        return escaped
            .SelectMany(static value => new[] { value, Uri.UnescapeDataString(value) })
            .Concat(address.Headers.Select(static header => header.Value))
            .Where(static value => value.Length >= ShortestSecret)
            .Distinct()
            // The longest first: one value may contain another.
            .OrderByDescending(static value => value.Length);
    }
}
