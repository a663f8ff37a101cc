import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Collector } from './support/collector.js'
import { realtimeClient, subscribed, supabaseClient, versions } from './support/clients.js'
import { startEmulator } from './support/emulator.js'
import { readRecording, recordedChanges, toCallback, withoutTimes } from './support/recording.js'
import { recordedProject } from './support/seed.js'
import { runSql } from './support/sql.js'

for (const vsn of versions) {
  const name = `04_crud_v${vsn[0]}`

  test(`realtime-js ${vsn} sees of inserts, updates and deletes what it saw on the real server`, async () => {
    const lines = readRecording(name)
    const firstId = (topic) => recordedChanges(lines, topic)[0].data.record.id
    const emulator = await startEmulator(recordedProject({ todos: firstId('realtime:crud_todos'), todosFull: firstId('realtime:crud_todos_full') }))
    const supabase = supabaseClient(emulator)
    const client = realtimeClient(emulator, vsn)
    try {
      const seen = { todos: new Collector(), todos_full: new Collector() }
      for (const table of Object.keys(seen)) {
        await subscribed(client.channel(`crud_${table}`).on('postgres_changes', { event: '*', schema: 'public', table }, seen[table].add))
      }

      // A truncate and a rollback are sent to nobody, and one transaction of three statements has no words in PostgREST.
      const statements = lines.filter((l) => l.dir === 'sql' && !l.text.startsWith('begin') && !l.text.startsWith('truncate')).map((l) => l.text)
      for (const statement of statements) await runSql(supabase, statement)

      for (const table of Object.keys(seen)) {
        const expected = recordedChanges(lines, `realtime:crud_${table}`).map((p) => p.data).filter((d) => (d.record ?? d.old_record).id !== 77)
        const actual = await seen[table].atLeast(expected.length)
        assert.deepEqual(actual.map(withoutTimes), expected.map(toCallback).map(withoutTimes))
      }
    } finally {
      await client.disconnect()
      await emulator.stop()
    }
  })
}
