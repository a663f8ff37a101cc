using System.Text.Json;

namespace Carbon.Realtime.Primitives;

/// <summary>How enum values read as attributes: <c>TokenExpired</c> is <c>token_expired</c>. Made once each.</summary>
internal static class TagValue
{
    public static string Of<TEnum>(TEnum value)
        where TEnum : struct, Enum => Values<TEnum>.All[value];

    private static class Values<TEnum>
        where TEnum : struct, Enum
    {
        public static readonly Dictionary<TEnum, string> All =
            Enum.GetValues<TEnum>().ToDictionary(static v => v, static v => JsonNamingPolicy.SnakeCaseLower.ConvertName(v.ToString()));
    }
}
