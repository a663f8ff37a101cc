import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Collector } from './support/collector.js'
import { realtimeClient, subscribed, supabaseClient, versions } from './support/clients.js'
import { startEmulator } from './support/emulator.js'
import { recordedProject } from './support/seed.js'

const ada = '11111111-1111-1111-1111-111111111111'
const bob = '22222222-2222-2222-2222-222222222222'

for (const vsn of versions) {
  test(`realtime-js ${vsn} gets the rows of its own user, and every key that is deleted`, async () => {
    await withClients(vsn, async ({ emulator, supabase, client }) => {
      const seen = new Collector()
      await client.setAuth(await emulator.token(ada))
      await subscribed(client.channel('mine').on('postgres_changes', { event: '*', schema: 'public', table: 'rls_default' }, seen.add))
      await supabase.from('rls_default').insert({ title: 'hers', user_id: ada })
      await supabase.from('rls_default').insert({ title: 'his', user_id: bob })
      await supabase.from('rls_default').delete().eq('title', 'his')

      const [inserted, deleted] = await seen.atLeast(2)
      assert.equal(inserted.new.title, 'hers')
      assert.deepEqual([deleted.eventType, Object.keys(deleted.old)], ['DELETE', ['id']])
    })
  })

  test(`realtime-js ${vsn} goes on over the end of its token when it pushed another one`, async () => {
    await withClients(vsn, async ({ emulator, supabase, client }) => {
      const seen = new Collector()
      const systems = new Collector()
      await client.setAuth(await emulator.token(ada, 3))
      const channel = client.channel('refreshed')
        .on('postgres_changes', { event: '*', schema: 'public', table: 'rls_default' }, seen.add)
        .on('system', {}, systems.add)
      await subscribed(channel)

      await client.setAuth(await emulator.token(ada, 3600))
      await systems.atLeast(2) // subscribed again, with the new claims

      // Another channel, whose token ends when the first one's would have, is the clock.
      const other = realtimeClient(emulator, vsn)
      await other.setAuth(await emulator.token(ada, 3))
      const expiry = new Collector()
      await subscribed(other.channel('clock').on('postgres_changes', { event: '*', schema: 'public', table: 'rls_default' }, () => {}).on('system', {}, expiry.add))
      const { message, status } = await expiry.first((s) => s.extension === 'system')
      assert.deepEqual([message.replace(/\d+/, 'N'), status], ['Token has expired N seconds ago', 'error'])

      await supabase.from('rls_default').insert({ title: 'after', user_id: ada })
      assert.equal((await seen.atLeast(1))[0].new.title, 'after')
      assert.deepEqual(systems.items.map((s) => s.status), ['ok', 'ok'])
      await other.disconnect()
    })
  })

  test(`realtime-js ${vsn} is refused with the real server's words when its token is no token`, async () => {
    await withClients(vsn, async ({ client }) => {
      await client.setAuth('garbage')
      await assert.rejects(subscribed(client.channel('bad')), /MalformedJWT: The token provided is not a valid JWT/)
    })
  })

  test(`realtime-js ${vsn} joins private channels by policy`, async () => {
    await withClients(vsn, async ({ emulator, supabase, client }) => {
      const config = { private: true }
      await assert.rejects(
        joined(client.channel('private-ok', { config })), /Unauthorized: You do not have permissions to read from this Channel topic: private-ok/, 'anon may not')
      await client.removeAllChannels()

      await client.setAuth(await emulator.token(ada))
      const seen = new Collector()
      await subscribed(client.channel('private-ok', { config }).on('postgres_changes', { event: 'INSERT', schema: 'public', table: 'todos' }, seen.add))
      await supabase.from('todos').insert({ title: 'private' })
      assert.equal((await seen.atLeast(1))[0].new.title, 'private')
      await assert.rejects(
        joined(client.channel('private-other', { config })), /You do not have permissions to read from this Channel topic: private-other/)
    })
  })
}

function joined(channel) {
  return new Promise((resolve, reject) => channel.subscribe((status, error) => {
    if (status === 'SUBSCRIBED') resolve()
    else if (error) reject(error)
  }))
}

async function withClients(vsn, run) {
  const emulator = await startEmulator(recordedProject())
  const client = realtimeClient(emulator, vsn)
  try {
    await run({ emulator, client, supabase: supabaseClient(emulator) })
  } finally {
    await client.disconnect()
    await emulator.stop()
  }
}
