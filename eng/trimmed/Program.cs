using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Carbon.Realtime;
using Carbon.Realtime.Trimmed;

// A client over a real socket and real HTTP: a store until it has its rows, a stream until it has a change. Its argument is the line that
// `carbon-realtime serve --json` prints; its last line is what eng/check-trimmed looks for.
using var server = JsonDocument.Parse(args[0]);
var url = server.RootElement.GetProperty("url").GetString()!;
var key = server.RootElement.GetProperty("serviceKey").GetString()!;
using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));

await using var realtime = new RealtimeChannelManager(new RealtimeOptions { Url = new Uri(url), ApiKey = key, Tenant = "co_1" });
await using var reading = realtime.Changes(Items.Table).ReadAllAsync(patience.Token).GetAsyncEnumerator();
await reading.MoveNextAsync(); // the gap that says that changes flow from here on
var store = realtime.Store(Items.Table);
using var use = store.Start();
await store.WhenLiveAsync(patience.Token);
var rows = store.Current.Count;

using var http = new HttpClient { BaseAddress = new Uri(url) };
http.DefaultRequestHeaders.Add("apikey", key);
http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
using var body = new StringContent("""{"id":"i_4","companyId":"co_1","name":"fourth"}""", Encoding.UTF8, "application/json");
using var written = await http.PostAsync("rest/v1/item", body, patience.Token);
written.EnsureSuccessStatusCode();

await store.VerifyRowAsync("i_4", patience.Token);
while (await reading.MoveNextAsync() && reading.Current is not Inserted<string, Item>)
{
}

Console.WriteLine($"{rows} rows; {reading.Current}; {store.Current["i_4"].Name}");

namespace Carbon.Realtime.Trimmed
{
    internal sealed record Item
    {
        [JsonPropertyName("id")]
        public required string Id { get; set; }

        [JsonPropertyName("companyId")]
        public required string CompanyId { get; set; }

        [JsonPropertyName("name")]
        public string? Name { get; set; }
    }

    [JsonSerializable(typeof(Item))]
    internal sealed partial class ItemJson : JsonSerializerContext;

    internal static class Items
    {
        public static readonly RealtimeTable<string, Item> Table =
            RealtimeTable.Define("item", ItemJson.Default.Item, "id", static item => item.Id).TenantScoped("companyId");
    }
}
