using System.Globalization;
using Carbon.Realtime.Simulation;

return args switch
{
    ["simulate", "--seeds", var seeds] => Campaign.Execute(int.Parse(seeds, CultureInfo.InvariantCulture), file: null),
    ["simulate", "--seeds", var seeds, "--state", var file] => Campaign.Execute(int.Parse(seeds, CultureInfo.InvariantCulture), file),
    ["story", var seed] when int.TryParse(seed, CultureInfo.InvariantCulture, out var number) => Campaign.Explain(Story.Of(number)),
    ["story", var file] => Campaign.Explain(Story.Parse(File.ReadAllText(file))),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("carbon-proof simulate --seeds N [--state FILE] | story SEED | story FILE");
    return 2;
}
