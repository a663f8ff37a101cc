using System.Runtime.InteropServices;
using Carbon.Realtime.Tool;

// Heard from the beginning: the library for command lines listens only after the command has begun, and who has read the address may already send a signal.
using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await ToolCommands.RunAsync(args, Console.Out, Console.Error, stop.Token);

void Stop(PosixSignalContext signal)
{
    // The first one ends the program in good order, a second one at once.
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}
