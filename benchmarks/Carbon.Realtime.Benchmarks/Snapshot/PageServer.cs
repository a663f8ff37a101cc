using System.Globalization;
using System.Text;
using System.Text.Json;
using Carbon.Realtime.Benchmarks.Rows;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Benchmarks.Snapshot;

/// <summary>Kestrel on loopback that gives a table's pages as PostgREST does, written once beforehand: it costs every contender the same, and little.</summary>
internal sealed class PageServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<byte[]> _pages = [];

    private PageServer(int rows, int pageRows)
    {
        for (var first = 0; first < rows; first += pageRows)
        {
            _pages.Add(Page(first, Math.Min(pageRows, rows - first)));
        }

        _pages.Add("[]"u8.ToArray());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapGet("/rest/v1/item", context => WriteAsync(context, pageRows));
    }

    public Uri Root { get; private set; } = null!;

    public static async Task<PageServer> StartAsync(int rows, int pageRows)
    {
        var server = new PageServer(rows, pageRows);
        await server._app.StartAsync();
        var addresses = server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        server.Root = new Uri(addresses.First() + "/rest/v1");
        return server;
    }

    /// <summary>Keys sort as their numbers do, so that the page behind one is known by it.</summary>
    public static string KeyOf(int row) => string.Create(CultureInfo.InvariantCulture, $"item_{row:D8}");

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task WriteAsync(HttpContext context, int pageRows)
    {
        var after = context.Request.Query["id"].ToString();
        var page = after.Length == 0 ? 0 : (int.Parse(after.AsSpan("gt.item_".Length), CultureInfo.InvariantCulture) / pageRows) + 1;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = _pages[page].Length;
        await context.Response.Body.WriteAsync(_pages[page], context.RequestAborted);
    }

    private static byte[] Page(int first, int count)
    {
        var text = new StringBuilder("[");
        for (var row = first; row < first + count; row++)
        {
            var json = JsonSerializer.Serialize(new Item
            {
                Id = KeyOf(row),
                ReadableId = $"P-{row}",
                Revision = "0",
                ReadableIdWithRevision = $"P-{row}",
                Name = $"Bracket 1/2\", zinc plated, {row}",
                Type = "Part",
                ReplenishmentSystem = "Buy",
                ItemTrackingType = "Inventory",
                UnitOfMeasureCode = "EA",
                Active = true,
                CompanyId = "co_1",
                UpdatedAt = new DateTimeOffset(2026, 11, 22, 10, 0, 0, TimeSpan.Zero).AddSeconds(row),
            }, BenchJson.Default.Item);

            // As PostgreSQL writes texts, and as it is selected, and the server keeps that order: tenant and key first.
            var head = $"\"companyId\":\"co_1\",\"id\":\"{KeyOf(row)}\"";
            var rest = head.Split(',').Aggregate(json.Replace("\\u0022", "\\\"", StringComparison.Ordinal), static (left, column) => left.Replace("," + column, "", StringComparison.Ordinal));
            text.Append(row == first ? "" : ", \n ").Append('{').Append(head).Append(',').Append(rest.AsSpan(1));
        }

        return Encoding.UTF8.GetBytes(text.Append(']').ToString());
    }
}
