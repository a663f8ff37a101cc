import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Collector } from './support/collector.js'
import { realtimeClient, subscribed, supabaseClient, versions } from './support/clients.js'
import { startEmulator } from './support/emulator.js'
import { recordedProject } from './support/seed.js'

for (const vsn of versions) {
  for (const [fault, command, body] of [
    ['the connection breaks', 'break-connections', {}],
    ['the server restarts (1012)', 'drop-connections', { code: 1012 }],
    ['its channel crashes', 'crash-channels', {}],
  ]) {
    test(`realtime-js ${vsn} is back after ${fault}, and nothing of the time between is sent again`, async () => {
      const emulator = await startEmulator(recordedProject())
      const supabase = supabaseClient(emulator)
      const client = realtimeClient(emulator, vsn, { reconnectAfterMs: () => 10 })
      try {
        const seen = new Collector()
        const systems = new Collector()
        const channel = client.channel('again')
          .on('postgres_changes', { event: '*', schema: 'public', table: 'todos' }, seen.add)
          .on('system', {}, systems.add)
        await subscribed(channel)
        await supabase.from('todos').insert({ title: 'before' })
        await seen.atLeast(1)

        if (command !== 'crash-channels') await emulator.control('refuse-connects', { status: 503, body: '' })
        await emulator.control(command, body)
        if (command !== 'crash-channels') {
          await supabase.from('todos').insert({ title: 'meanwhile' })
          await emulator.control('accept-connects')
        }
        await systems.atLeast(2)
        await supabase.from('todos').insert({ title: 'after' })

        const titles = (await seen.atLeast(2)).map((change) => change.new.title)
        assert.deepEqual(titles, ['before', 'after'])
      } finally {
        await client.disconnect()
        await emulator.stop()
      }
    })
  }

  test(`realtime-js ${vsn} has its heartbeats answered`, async () => {
    const emulator = await startEmulator(recordedProject())
    const statuses = new Collector()
    const client = realtimeClient(emulator, vsn, { heartbeatIntervalMs: 50, heartbeatCallback: statuses.add })
    try {
      client.connect()
      await statuses.first((status) => status === 'ok')
    } finally {
      await client.disconnect()
      await emulator.stop()
    }
  })
}
