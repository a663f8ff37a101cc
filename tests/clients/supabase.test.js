import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Collector } from './support/collector.js'
import { subscribed, supabaseClient } from './support/clients.js'
import { startEmulator } from './support/emulator.js'
import { recordedProject } from './support/seed.js'

const ada = '11111111-1111-1111-1111-111111111111'
const bob = '22222222-2222-2222-2222-222222222222'
let emulator
let service

before(async () => {
  emulator = await startEmulator(recordedProject())
  service = supabaseClient(emulator)
})
after(() => emulator.stop())

test('supabase-js reads what it wrote', async () => {
  const { data: made } = await service.from('todos').insert([{ title: 'one', priority: 1 }, { title: 'two', priority: 2 }]).select('title,priority,done')
  assert.deepEqual(made, [{ title: 'one', priority: 1, done: false }, { title: 'two', priority: 2, done: false }])

  await service.from('todos').update({ done: true }).eq('title', 'two')
  const { data, count } = await service.from('todos').select('title,done', { count: 'exact' }).order('priority', { ascending: false }).in('title', ['one', 'two'])
  assert.deepEqual([data, count], [[{ title: 'two', done: true }, { title: 'one', done: false }], 2])

  const { data: single } = await service.from('todos').upsert({ id: 900, title: 'three' }).select().single()
  await service.from('todos').upsert({ id: 900, title: 'four' })
  assert.equal((await service.from('todos').select('title').eq('id', 900).single()).data.title, 'four')
  assert.equal(single.id, 900)

  const { data: gone } = await service.from('todos').delete().gte('id', 1).select('id')
  assert.equal(gone.length, 3)
  assert.deepEqual((await service.from('todos').select()).data, [])
})

test('supabase-js is refused as PostgREST refuses', async () => {
  const codes = await Promise.all([
    service.from('nothing').select(),
    service.from('todos').select('nothing'),
    service.from('todos').insert({ nothing: 1 }),
    service.from('todos').insert({ priority: 'many' }),
    service.from('todos').delete(),
    service.from('todos').select().eq('id', 'x'),
    service.from('todos').select().eq('id', 12345).single(),
  ])
  assert.deepEqual(codes.map(({ status, error }) => [status, error.code]), [
    [404, 'PGRST205'], [400, '42703'], [400, 'PGRST204'], [400, '22P02'], [400, '21000'], [400, '22P02'], [406, 'PGRST116'],
  ])
  await service.from('todos').insert({ id: 1000 })
  const { status, error } = await service.from('todos').insert({ id: 1000 })
  assert.deepEqual([status, error.code], [409, '23505'])
})

test('supabase-js writes only what its user may', async () => {
  const hers = supabaseClient(emulator, emulator.anonKey, { accessToken: async () => emulator.token(ada) })
  const forged = await hers.from('rls_default').insert({ title: 'forged', user_id: bob })
  assert.deepEqual([forged.status, forged.error.code], [403, '42501'])
  await hers.from('rls_default').insert({ title: 'mine', user_id: ada })
  await service.from('rls_default').insert({ title: 'his', user_id: bob })
  await hers.from('rls_default').update({ note: 'seen' }).in('title', ['mine', 'his'])
  const { data } = await service.from('rls_default').select('title,note').order('title')
  assert.deepEqual(data, [{ title: 'his', note: null }, { title: 'mine', note: 'seen' }])
})

test('supabase-js hears of its own writes', async () => {
  const seen = new Collector()
  await subscribed(service.channel('own').on('postgres_changes', { event: 'UPDATE', schema: 'public', table: 'todos_full' }, seen.add))
  const { data } = await service.from('todos_full').insert({ title: 'a' }).select('id').single()
  await service.from('todos_full').update({ title: 'b' }).eq('id', data.id)
  const [change] = await seen.atLeast(1)
  assert.deepEqual([change.old.title, change.new.title], ['a', 'b'])
  await service.removeAllChannels()
})
