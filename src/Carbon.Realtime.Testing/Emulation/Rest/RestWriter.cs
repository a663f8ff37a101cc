using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>
/// Answers POST, PATCH and DELETE as PostgREST does: each is one transaction, and its changes go down the stream like any other. Guarded by the
/// emulator's lock.
/// </summary>
internal sealed class RestWriter(EmulatorOptions options, RestGate gate, RestSource source, Action<Action<EmulatorTransaction>> transact)
{
    public static bool Writes(string method) => method is "POST" or "PATCH" or "DELETE";

    /// <summary>The answer; what is refused is an answer too, and nothing of it happened.</summary>
    public RestAnswer Answer(RestRequest request)
    {
        try
        {
            gate.CheckKey(request);
            return Write(request);
        }
        catch (RestException e)
        {
            return RestAnswer.Of(e, isHead: false);
        }
        catch (RegexMatchTimeoutException)
        {
            return RestAnswer.Of(RestException.StatementTimeout(), isHead: false);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException && e.Message.Length > 5 && char.IsAsciiDigit(e.Message[0]))
        {
            // The database's words begin with its code.
            return RestAnswer.Of(RestException.Cast(e.Message.Split(" (Parameter", 2)[0]), isHead: false);
        }
    }

    private RestAnswer Write(RestRequest request)
    {
        var reader = gate.Authenticate(request, role => options.Roles.Contains(role, StringComparer.Ordinal));
        var (schema, name) = RestRelation.Place(options, request, "Content-Profile");
        var relation = source.Find(schema, name) ?? throw RestException.UnknownRelation(schema, name);
        if (source.IsView(relation))
        {
            throw RestException.NotImitated("writes to views");
        }

        var parameters = new RestParameters(request.Query);
        var wish = new RestWriteWish(request, parameters);
        var projection = new RestProjection(source, relation, parameters.Select, reader);
        var filters = RestRelation.Conditions(relation, parameters, [.. wish.IsRepresented ? projection.Used : []], reader, []);
        var policy = new WritePolicy(relation, reader);
        IReadOnlyList<EmulatorRow> written = [];
        transact(transaction =>
        {
            written = request.Method switch
            {
                "POST" => new RestInsert(transaction, relation, wish, policy).Run(),
                "PATCH" => Patch(transaction),
                _ => Delete(transaction),
            };

            // Inside the transaction: who is refused has changed nothing.
            wish.Check(written.Count);
        });
        return Answer(request, wish, relation, projection, written);

        EmulatorRow[] Patch(EmulatorTransaction transaction)
        {
            if (wish.Patch(relation) is not { } patch)
            {
                // Nothing to set: PostgREST does not even ask the database.
                return [];
            }

            EmulatorRow[] updated = [.. Matching().Select(row => transaction.UpdateRow(relation, row, patch))];
            Array.ForEach(updated, policy.CheckNew);
            return updated;
        }

        EmulatorRow[] Delete(EmulatorTransaction transaction)
        {
            var deleted = Matching();
            Array.ForEach(deleted, row => transaction.DeleteRow(relation, row));
            return deleted;
        }

        // pg_safeupdate, which Supabase loads for the API's roles.
        EmulatorRow[] Matching() => filters.Length == 0
            ? throw new RestException(HttpStatusCode.BadRequest, "21000", $"{(request.Method == "PATCH" ? "UPDATE" : "DELETE")} requires a WHERE clause")
            : [.. RestSource.RowsOfPrimary(relation, reader).Where(row => Array.TrueForAll(filters, f => f(row) == true))];
    }

    private static RestAnswer Answer(RestRequest request, RestWriteWish wish, EmulatorTable relation, RestProjection projection, IReadOnlyList<EmulatorRow> rows)
    {
        var count = wish.Preferences.Counts ? rows.Count.ToString(CultureInfo.InvariantCulture) : "*";
        var headers = new List<(string, string)> { ("Content-Range", request.Method == "PATCH" && rows.Count > 0 ? $"0-{rows.Count - 1}/{count}" : $"*/{count}") };
        if (wish.Applied is { Count: > 0 } applied)
        {
            headers.Add(("Preference-Applied", string.Join(", ", applied)));
        }

        if (request.Method == "POST" && wish.Preferences.Return == "headers-only" && rows is [var only] && relation.KeyColumns.Length > 0)
        {
            headers.Add(("Location", Location(relation, only)));
        }

        if (!wish.IsRepresented)
        {
            return RestAnswer.Of(request.Method == "POST" ? HttpStatusCode.Created : HttpStatusCode.NoContent, "", [.. headers]);
        }

        var body = new StringBuilder(wish.IsSingular ? "" : "[");
        for (var i = 0; i < rows.Count; i++)
        {
            body.Append(i > 0 ? ", \n " : "");
            projection.Append(body, rows[i]);
        }

        headers.Add(("Content-Type", wish.IsSingular ? RestForm.SingularType + "; charset=utf-8" : RestAnswer.Json));
        return RestAnswer.Of(request.Method == "POST" ? HttpStatusCode.Created : HttpStatusCode.OK, body.Append(wish.IsSingular ? "" : "]").ToString(), [.. headers]);
    }

    /// <summary>Where the new row is: by its primary key.</summary>
    private static string Location(EmulatorTable relation, EmulatorRow row) => $"/{relation.Name}?" + string.Join('&', relation.KeyColumns.Select(i =>
        $"{Uri.EscapeDataString(relation.Columns[i].Name)}=eq.{Uri.EscapeDataString(PgValues.ToText(row.RestCells[i]) ?? "null")}"));
}

/// <summary>A table's policy, as if it were the <c>USING</c> and the <c>WITH CHECK</c> of all commands.</summary>
internal sealed class WritePolicy(EmulatorTable relation, EmulatorClaims reader)
{
    /// <exception cref="RestException">The writer could not see what it wrote.</exception>
    public void CheckNew(EmulatorRow row) => Check(row, "");

    /// <exception cref="RestException">An upsert meets a row that the writer cannot see.</exception>
    public void CheckExisting(EmulatorRow row) => Check(row, " (USING expression)");

    private void Check(EmulatorRow row, string expression)
    {
        if (relation.Policy is { } policy && reader.Role != RestSource.ServiceRole && !policy(reader, row))
        {
            throw new RestException(reader.Role == "anon" ? HttpStatusCode.Unauthorized : HttpStatusCode.Forbidden,
                "42501", $"new row violates row-level security policy{expression} for table \"{relation.Name}\"");
        }
    }
}

/// <summary>The rows of a POST, each inserted, merged into the one that is there, or left out.</summary>
internal sealed class RestInsert(EmulatorTransaction transaction, EmulatorTable relation, RestWriteWish wish, WritePolicy policy)
{
    private readonly List<EmulatorRow> _written = [];

    public List<EmulatorRow> Run()
    {
        var conflict = wish.ConflictColumns(relation);
        foreach (var json in wish.Rows(relation))
        {
            // What is proposed is checked whatever becomes of it, as PostgreSQL does with ON CONFLICT.
            var proposed = transaction.NewRow(relation, json);
            policy.CheckNew(proposed);
            if (conflict is null || Conflicting(proposed, conflict) is not { } existing)
            {
                transaction.InsertRow(relation, proposed);
                _written.Add(proposed);
            }
            else if (wish.Preferences.Resolution == RestWriteWish.Merge)
            {
                Merge(existing, json);
            }
        }

        return _written;
    }

    private void Merge(EmulatorRow existing, EmulatorJson json)
    {
        if (_written.Contains(existing))
        {
            throw new RestException(HttpStatusCode.InternalServerError, "21000", "ON CONFLICT DO UPDATE command cannot affect row a second time");
        }

        policy.CheckExisting(existing);
        var updated = transaction.UpdateRow(relation, existing, json);
        policy.CheckNew(updated);
        _written.Add(updated);
    }

    /// <summary>The row that has the key already; null is equal to nothing.</summary>
    private EmulatorRow? Conflicting(EmulatorRow proposed, int[] columns)
    {
        if (columns.Any(i => proposed.RestCells[i] == PgValues.Null))
        {
            return null;
        }

        var key = relation.KeyOf(proposed, columns);
        return columns.SequenceEqual(relation.KeyColumns)
            ? relation.Rows.GetValueOrDefault(key)
            : relation.Rows.Values.FirstOrDefault(r => relation.KeyOf(r, columns) == key);
    }
}
