namespace Carbon.Realtime.CoreStores;

/// <summary>Which of Carbon's programs a set of stores is for: they show different columns of different tables.</summary>
public enum CarbonApp
{
    /// <summary>The ERP: items, customers, suppliers, people (<see cref="ICoreStores"/>).</summary>
    Erp = 0,

    /// <summary>The shop floor's program: items with pictures, and people (<see cref="IMesStores"/>).</summary>
    Mes,
}
