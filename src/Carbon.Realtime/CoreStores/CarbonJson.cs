using System.Text.Json.Serialization;

namespace Carbon.Realtime.CoreStores;

/// <summary>Reads the rows of Carbon's tables, and writes them for the local cache; made at compile time, so that trimming takes nothing away.</summary>
[JsonSerializable(typeof(Item))]
[JsonSerializable(typeof(MesItem))]
[JsonSerializable(typeof(Customer))]
[JsonSerializable(typeof(Supplier))]
[JsonSerializable(typeof(Person))]
internal sealed partial class CarbonJson : JsonSerializerContext;
