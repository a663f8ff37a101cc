// realtime-js in the race: the changes of one table to one callback, as its users have them. One line of JSON, shaped as RunFigures.
import { parseArgs } from 'node:util'
import { RealtimeClient } from '@supabase/realtime-js'
import WebSocket from 'ws'
import { Meter } from './meter.mjs'
import { SenderControl } from './sender.mjs'

// The command line of the other contenders; which row and which change it is the library sees for itself.
const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    events: { type: 'string', default: '500000' },
    warmup: { type: 'string', default: '200000' },
    row: { type: 'string' },
    kind: { type: 'string' },
  },
})
const meter = new Meter(Number(values.warmup), Number(values.events))
const client = new RealtimeClient(`ws://127.0.0.1:${values.port}/realtime/v1`, { transport: WebSocket, params: { apikey: 'key' } })

try {
  await subscribed()
  const sender = await SenderControl.connect(values.port)
  await sender.send(meter.warmup)
  await meter.warmedUp
  await sender.wait()
  meter.start()
  await sender.send(meter.events)
  const figures = await meter.completion
  console.log(JSON.stringify({ ...figures, SenderBusy: await sender.wait() }))
  process.exit(0)
} catch (error) {
  console.error(error)
  process.exit(1)
}

function subscribed() {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('realtime-js did not subscribe.')), 10_000).unref()
    client.channel('race')
      .on('postgres_changes', { event: '*', schema: 'public', table: 'item' }, (change) => meter.onRow(change.eventType === 'DELETE' ? change.old : change.new))
      .on('system', {}, (system) => {
        if (system.extension === 'postgres_changes' && system.status === 'ok') resolve()
      })
      .subscribe((status, error) => {
        if (status === 'SUBSCRIBED') return
        // Before the race it ends the wait, within it the run: nothing may be lost.
        const failure = error ?? new Error(`realtime-js: ${status}`)
        reject(failure)
        meter.fail(failure)
      })
  })
}
