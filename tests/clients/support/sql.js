// The few forms of SQL in the recordings, run through supabase-js as the service role.

/** Runs a recorded statement. */
export async function runSql(supabase, statement) {
  const [run, match] = Object.entries(forms).map(([form, run]) => [run, patterns[form].exec(statement)]).find(([, match]) => match) ?? []
  if (!run) throw new Error(`no form for: ${statement}`)
  const { error } = await run(supabase, match.groups)
  if (error) throw new Error(`${statement}: ${error.code} ${error.message}`)
}

const patterns = {
  insert: /^insert into (?<table>[\w.]+)(\((?<columns>[^)]*)\))? values ?\((?<values>.*?)\)( returning id)?$/,
  upsert: /^insert into (?<table>\w+)\((?<columns>[^)]*)\) values ?\((?<values>.*?)\) on conflict \(id\) do update set \w+ = excluded\.\w+$/,
  move: /^update (?<table>\w+) set id = id \+ (?<by>\d+) where id = (?<id>\d+)$/,
  update: /^update (?<table>\w+) set (?<column>\w+) ?= ?(?<value>'[^']*'|\w+) where id ?= ?(?<id>\d+)$/,
  remove: /^delete from (?<table>\w+) where id ?= ?(?<id>\d+)$/,
}

const columnsOf = { filt: 'id,n,name,b,ts,u,tags,num,m' }

const forms = {
  insert: (db, { table, columns, values }) => db.from(table).insert(row(columns ?? columnsOf[table], values)),
  upsert: (db, { table, columns, values }) => db.from(table).upsert(row(columns, values)),
  move: (db, { table, by, id }) => db.from(table).update({ id: Number(id) + Number(by) }).eq('id', id),
  update: (db, { table, column, value, id }) => db.from(table).update({ [column]: literal(value) }).eq('id', id),
  remove: (db, { table, id }) => db.from(table).delete().eq('id', id),
}

const row = (columns, values) => {
  const literals = values.match(/'[^']*'|[^,\s][^,]*/g).map((value) => literal(value.trim()))
  return Object.fromEntries(columns.split(',').map((column, i) => [column.trim(), literals[i]]))
}

const literal = (text) =>
  text === 'null' ? null
  : text === 'now()' ? new Date().toISOString()
  : text === 'true' || text === 'false' ? text === 'true'
  : text.startsWith("'") ? text.slice(1, -1)
  : Number(text)
