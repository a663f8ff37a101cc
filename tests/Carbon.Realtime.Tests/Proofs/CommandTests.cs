using Carbon.Realtime.Simulation;

namespace Carbon.Realtime.Tests.Proofs;

/// <summary>A campaign that looked at nothing has found nothing out: what it cannot read it refuses, and does not take for something else.</summary>
public sealed class CommandTests
{
    public static TheoryData<string, string[]> Refused => new()
    {
        { "simulate", ["--seeds", "0"] },
        { "simulate", ["--seeds", "-5"] },
        { "simulate", ["--seeds", "many"] },
        { "fuzz", ["--inputs", "0"] },
        { "fuzz", ["--seed", "4294967297"] },
        { "fuzz", ["--input", "page", "?"] },
        { "controls", ["--seeds", "0"] },
        { "controls", ["A3", "B1"] },
        { "controls", ["--seed", "5", "A3"] },
        { "controls", ["no such client"] },
        { "story", ["no such file"] },
        { "story", [""] },
        { "story", ["1", "no such client"] },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_makes_no_sense_is_refused(string command, string[] arguments)
    {
        Func<string[], int> run = command switch
        {
            "simulate" => SimulateCommand.Run,
            "fuzz" => FuzzCommand.Run,
            "controls" => ControlsCommand.Run,
            _ => StoryCommand.Run,
        };
        run.Invoking(r => r(arguments)).Should().Throw<UsageException>();
    }

    [Fact]
    public void A_file_of_figures_that_is_none_is_refused()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "none");
            FluentActions.Invoking(() => SimulateCommand.Run(["--seeds", "1", "--state", file])).Should().Throw<UsageException>().WithMessage($"*{file}*");
            FluentActions.Invoking(() => FuzzCommand.Run(["--inputs", "1", "--state", file])).Should().Throw<UsageException>().WithMessage($"*{file}*");
        }
        finally
        {
            File.Delete(file);
        }
    }
}
