using System.Globalization;
using System.Net;
using Carbon.Realtime.Testing.Emulation.Rest;
using Npgsql;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>PostgreSQL's errors in the words of those who pass them on.</summary>
internal static class SqlStates
{
    /// <summary>PostgREST's first pause before it tries the database again, which its 503 names.</summary>
    public const int RetryAfter = 1;

    // Of PostgreSQL's errcodes, those that a filter's value can lead to.
    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["22000"] = "data_exception",
        ["22003"] = "numeric_value_out_of_range",
        ["22007"] = "invalid_datetime_format",
        ["22008"] = "datetime_field_overflow",
        ["22023"] = "invalid_parameter_value",
        ["2201B"] = "invalid_regular_expression",
        ["22P02"] = "invalid_text_representation",
        ["22P03"] = "invalid_binary_representation",
        ["2200N"] = "invalid_xml_content",
        ["23514"] = "check_violation",
        ["42501"] = "insufficient_privilege",
        ["42601"] = "syntax_error",
        ["42704"] = "undefined_object",
        ["42846"] = "cannot_coerce",
        ["42883"] = "undefined_function",
        ["42P01"] = "undefined_table",
        ["54000"] = "program_limit_exceeded",
    };

    /// <summary>As the Realtime server prints it: <c>22P02 (invalid_text_representation) invalid input syntax …</c>.</summary>
    public static string Inspect(PostgresException exception) => Names.TryGetValue(exception.SqlState, out var name)
        ? $"{exception.SqlState} ({name}) {exception.MessageText}"
        : $"{exception.SqlState} {exception.MessageText}";

    /// <summary>As PostgREST answers it: its table of statuses, and the database's own words.</summary>
    public static RestException ToRest(PostgresException exception, bool isAnonymous)
    {
        var status = Status(exception, isAnonymous);
        return new(status, exception.SqlState, exception.MessageText, exception.Detail, exception.Hint)
        {
            RetryAfter = status == HttpStatusCode.ServiceUnavailable ? RetryAfter : null,
        };
    }

    private static HttpStatusCode Status(PostgresException exception, bool isAnonymous)
    {
        var code = exception.SqlState;
        return code switch
        {
            "22023" when exception.MessageText.StartsWith("role", StringComparison.Ordinal)
                && exception.MessageText.EndsWith("does not exist", StringComparison.Ordinal) => HttpStatusCode.Unauthorized,
            "25006" => HttpStatusCode.MethodNotAllowed,
            "42501" => isAnonymous ? HttpStatusCode.Unauthorized : HttpStatusCode.Forbidden,
            "42883" or "42P01" => HttpStatusCode.NotFound,
            "42P17" or "53400" => HttpStatusCode.InternalServerError,
            "57P01" => HttpStatusCode.ServiceUnavailable,
            "P0001" => HttpStatusCode.BadRequest,
            ['P', 'T', ..] => int.TryParse(code.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var status)
                ? (HttpStatusCode)status
                : HttpStatusCode.InternalServerError,
            ['0', '8', ..] or ['5', '3', ..] => HttpStatusCode.ServiceUnavailable,
            ['0', 'L', ..] or ['0', 'P', ..] or ['2', '8', ..] => HttpStatusCode.Forbidden,
            ['0', '9', ..] or ['2', '5', ..] or ['2', 'D', ..] or ['3', '8', ..] or ['3', '9', ..] or ['3', 'B', ..] or ['4', '0', ..] or ['5', '4', ..]
                or ['5', '5', ..] or ['5', '7', ..] or ['5', '8', ..] or ['F', '0', ..] or ['H', 'V', ..] or ['P', '0', ..] or ['X', 'X', ..] =>
                HttpStatusCode.InternalServerError,
            _ => HttpStatusCode.BadRequest,
        };
    }
}
