using System.Text;
using Carbon.Realtime.Filters;

namespace Carbon.Realtime.Snapshots;

/// <summary>What a read selects, in PostgREST's syntax: a row type's columns, or a list given by hand, which may embed other tables. Pure.</summary>
internal static class SelectList
{
    /// <summary>The columns, quoted where they need it; <c>*</c> for none.</summary>
    public static string Of(IReadOnlyCollection<string> columns) =>
        columns.Count == 0 ? "*" : string.Join(',', columns.Distinct(StringComparer.Ordinal).Select(PostgrestSyntax.RenderColumn));

    /// <summary>Checks a list given by hand.</summary>
    /// <param name="select">Such as <c>id,companyId,name,modelUpload(thumbnailPath)</c>.</param>
    /// <param name="needed">Columns that must be there under their own names: key and tenant.</param>
    /// <exception cref="ArgumentException">One is not; or a parenthesis is wrong, behind which PostgREST drops the rest without a word.</exception>
    public static string Checked(string select, IEnumerable<string> needed)
    {
        var items = Items(select);
        foreach (var column in needed)
        {
            var quoted = BindingSyntax.AppendQuoted(new StringBuilder(), column).ToString();
            if (!items.Contains("*") && !items.Contains(column) && !items.Contains(quoted))
            {
                throw new ArgumentException(
                    $"The select list '{select}' lacks column '{column}', without alias or cast: key and tenant are needed to read rows and to know whose they are.",
                    nameof(select));
            }
        }

        return select;
    }

    /// <summary>What stands between commas, those in quotes and parentheses aside.</summary>
    private static HashSet<string> Items(string select)
    {
        var items = new HashSet<string>(StringComparer.Ordinal);
        var item = new StringBuilder();
        var depth = 0;
        var isQuoted = false;
        for (var i = 0; i < select.Length; i++)
        {
            var c = select[i];
            if (isQuoted && c == '\\' && i + 1 < select.Length)
            {
                item.Append(c).Append(select[++i]);
                continue;
            }

            isQuoted ^= c == '"';
            depth += isQuoted ? 0 : c == '(' ? 1 : c == ')' ? -1 : 0;
            if (depth < 0)
            {
                break;
            }

            if (c == ',' && depth == 0 && !isQuoted)
            {
                items.Add(item.ToString().Trim());
                item.Clear();
            }
            else
            {
                item.Append(c);
            }
        }

        items.Add(item.ToString().Trim());
        return depth == 0 && !isQuoted && !items.Contains("")
            ? items
            : throw new ArgumentException($"The select list '{select}' is not one: a comma, quote or parenthesis is too many or missing.", nameof(select));
    }
}
