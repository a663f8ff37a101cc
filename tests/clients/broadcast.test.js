// Broadcasts from client to client: version 2 of realtime-js sends them as binary frames.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { realtimeClient, versions } from './support/clients.js'
import { Collector } from './support/collector.js'
import { startEmulator } from './support/emulator.js'

let emulator

before(async () => {
  emulator = await startEmulator({ tables: [] }, '--instant')
})

after(() => emulator.stop())

/** A channel that is joined, with what was broadcast on it. */
async function joined(client, config = {}) {
  const received = new Collector()
  const channel = client.channel('room', { config: { broadcast: config } })
  channel.on('broadcast', { event: 'moved' }, received.add)
  await new Promise((resolve, reject) =>
    channel.subscribe((status, error) => {
      if (status === 'SUBSCRIBED') resolve()
      else reject(error ?? new Error(status))
    }),
  )
  return { channel, received }
}

for (const sending of versions) {
  for (const receiving of versions) {
    test(`a broadcast of version ${sending} arrives on version ${receiving} and is acknowledged`, async () => {
      const sender = realtimeClient(emulator, sending)
      const receiver = realtimeClient(emulator, receiving)
      const { channel } = await joined(sender, { ack: true })
      const { received } = await joined(receiver)

      const answer = await channel.send({ type: 'broadcast', event: 'moved', payload: { x: 1, name: 'Zoë' } })

      assert.equal(answer, 'ok')
      const [message] = await received.atLeast(1)
      assert.equal(message.event, 'moved')
      assert.deepEqual(message.payload, { x: 1, name: 'Zoë' })
      await Promise.all([sender.disconnect(), receiver.disconnect()])
    })
  }
}
