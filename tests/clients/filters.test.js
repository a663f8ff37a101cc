import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Collector } from './support/collector.js'
import { realtimeClient, subscribed, supabaseClient, versions } from './support/clients.js'
import { startEmulator } from './support/emulator.js'
import { readRecording, recordedBindings, recordedChanges, statementsWhile, toCallback, withoutTimes } from './support/recording.js'
import { recordedProject } from './support/seed.js'
import { runSql } from './support/sql.js'

const lines = readRecording('06_filters_and_ids')

for (const vsn of versions) {
  for (const topic of ['multi', 'ops', 'dup']) {
    test(`realtime-js ${vsn} sees on every binding of "${topic}" what the real server's ids say`, async () => {
      const bindings = recordedBindings(lines, `realtime:${topic}`)
      const changes = recordedChanges(lines, `realtime:${topic}`)
      // Of another schema, which the API does not expose; and of rows that the recorder deleted before it joined.
      const comes = ({ data }) => data.schema === 'public' && !(topic === 'multi' && data.type === 'DELETE' && data.old_record.id !== 1)
      const expected = bindings.map((binding) => changes.filter((c) => comes(c) && c.ids.includes(binding.id)).map((c) => toCallback(c.data)))

      const emulator = await startEmulator(recordedProject({ todos: 5011 }))
      const supabase = supabaseClient(emulator)
      const client = realtimeClient(emulator, vsn)
      try {
        const seen = bindings.map(() => new Collector())
        const channel = client.channel(topic)
        bindings.forEach(({ id, ...binding }, i) => channel.on('postgres_changes', binding, seen[i].add))
        await subscribed(channel)

        for (const statement of statementsWhile(lines, `realtime:${topic}`).filter((s) => !s.includes('app.items'))) await runSql(supabase, statement)

        // One more, which is for nobody else, is the sign that everything before it has come.
        const last = new Collector()
        await subscribed(client.channel('last').on('postgres_changes', { event: '*', schema: 'public', table: 'todos_full' }, last.add))
        await supabase.from('todos_full').insert({ title: 'last' })
        await last.atLeast(1)
        const isLast = (change) => change.table === 'todos_full'
        seen.forEach((collector, i) => assert.deepEqual(
          collector.items.filter((c) => !isLast(c)).map(normal), expected[i].map(normal), JSON.stringify(bindings[i])))
      } finally {
        await client.disconnect()
        await emulator.stop()
      }
    })
  }

  test(`realtime-js ${vsn} is told that a filter cannot be parsed in the real server's words`, async () => {
    const said = lines.find((l) => l.dir === 'recv' && l.topic === 'realtime:badcomma' && l.event === 'system').payload.message
    const emulator = await startEmulator(recordedProject())
    const client = realtimeClient(emulator, vsn)
    try {
      const channel = client.channel('badcomma')
      for (const { id, ...binding } of recordedBindings(lines, 'realtime:badcomma')) channel.on('postgres_changes', binding, () => {})
      await assert.rejects(subscribed(channel), { message: said })
    } finally {
      await client.disconnect()
      await emulator.stop()
    }
  })
}

/** now() differs from run to run. */
function normal(change) {
  const text = JSON.stringify(withoutTimes(change))
  return JSON.parse(text.replace(/"ts":"20(?!19)[^"]*"/g, '"ts":"<now>"'))
}
