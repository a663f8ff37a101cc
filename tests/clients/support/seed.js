// The tables of the recordings.

const todos = (firstId, more) => ({
  columns: {
    id: { type: 'int8', default: `identity(${firstId})` },
    title: 'text',
    done: { type: 'bool', default: false },
    user_id: 'uuid',
    priority: 'int4',
    price: 'numeric',
    created_at: { type: 'timestamptz', default: 'now()' },
  },
  primaryKey: ['id'],
  ...more,
})

/** The recorded project, with the first ids that the recorded inserts got. */
export function recordedProject({ todos: firstTodo = 1, todosFull: firstFull = 1 } = {}) {
  return {
    enums: { mood: ['sad', 'ok', 'happy'] },
    tables: [
      { name: 'todos', ...todos(firstTodo) },
      { name: 'todos_full', ...todos(firstFull, { replicaIdentity: 'full' }) },
      {
        name: 'filt',
        columns: { id: 'int4', n: 'int4', name: 'text', b: 'bool', ts: 'timestamptz', u: 'uuid', tags: '_text', num: 'numeric', m: 'mood' },
        primaryKey: ['id'],
      },
      {
        name: 'rls_default',
        columns: { id: { type: 'int8', default: 'identity' }, title: 'text', user_id: 'uuid', note: 'text' },
        primaryKey: ['id'],
        visibleTo: { user_id: 'sub' },
      },
    ],
    privateChannels: [{ topic: 'private-ok' }, { topic: 'private-readonly', write: false }],
  }
}
