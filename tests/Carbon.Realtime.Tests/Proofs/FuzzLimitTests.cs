using Carbon.Realtime.Simulation;
using Carbon.Realtime.Simulation.Fuzzing;

namespace Carbon.Realtime.Tests.Proofs;

/// <summary>An input that never ends, takes too long, or is kept for ever is a finding; and what was found belongs to one build.</summary>
[Collection(AloneCollection.Name)]
public sealed class FuzzLimitTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("carbon-fuzz-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void An_input_that_does_not_end_ends_the_run_and_is_named()
    {
        using var never = new ManualResetEventSlim();
        var figures = Run(never.Wait, FuzzLimits.Default with { NoEnd = TimeSpan.FromMilliseconds(20) });
        never.Set();

        figures.HasNoEnd.Should().BeTrue();
        var finding = figures.Findings.Should().ContainSingle().Which;
        (finding.Target, finding.What, finding.Input).Should().Be(("bad", Finding.NoEnd, Convert.ToBase64String("input"u8)));
    }

    [Fact]
    public void An_input_that_takes_too_much_of_a_processor_is_named()
    {
        var figures = Run(Work, FuzzLimits.Default with { Time = TimeSpan.Zero });

        figures.Findings.Should().Contain(static f => f.What.StartsWith("time: "));

        static void Work()
        {
            var before = Environment.CpuUsage.TotalTime;
            while (Environment.CpuUsage.TotalTime == before)
            {
            }
        }
    }

    [Fact]
    public void What_the_inputs_leave_in_memory_is_noticed()
    {
        var kept = new List<byte[]>();
        var figures = Run(() => Keep(kept), FuzzLimits.Default);

        figures.Findings.Should().ContainSingle().Which.What.Should().StartWith("memory kept: ");
        kept.Should().NotBeEmpty();

        static void Keep(List<byte[]> kept)
        {
            lock (kept)
            {
                kept.Add(new byte[512 * 1024]);
            }
        }
    }

    [Fact]
    public void Figures_of_another_build_or_seed_are_refused()
    {
        var file = Path.Combine(_folder, "fuzz.json");
        var figures = FuzzFigures.Load(file, seed: 3);
        figures.Of("page").Inputs = 12;
        figures.Save(file);

        FuzzFigures.Load(file, seed: 3).Of("page").Inputs.Should().Be(12);
        FluentActions.Invoking(() => FuzzFigures.Load(file, seed: 4)).Should().Throw<UsageException>().WithMessage("*another build or seed*");
        File.WriteAllText(file, File.ReadAllText(file).Replace(FuzzFigures.ThisBuild, FuzzFigures.ThisBuild.Replace(FuzzFigures.ThisBuild[0], 'x'), StringComparison.Ordinal));
        FluentActions.Invoking(() => FuzzFigures.Load(file, seed: 3)).Should().Throw<UsageException>().WithMessage("*delete it*");
        Directory.GetFiles(_folder).Should().ContainSingle();
    }

    private static TargetFigures Run(Action act, FuzzLimits limits)
    {
        var figures = new TargetFigures();
        Fuzzer.Run($"bad {Guid.NewGuid()}", () => new Bad(act), seed: 1, count: 100, figures, limits);
        return figures;
    }

    private sealed class Bad(Action act) : FuzzTarget
    {
        public override string Name => "bad";

        public override (long Fixed, long PerByte) Budget => (long.MaxValue, 0);

        public override IReadOnlyList<byte[]> Recorded => [];

        public override byte[] Write(Chance chance) => "input"u8.ToArray();

        public override byte[] Damage(byte[] input, byte[] other, Chance chance) => input;

        protected override Verdict Judge(byte[] input)
        {
            act();
            return Verdict.Accepted("done");
        }
    }
}
